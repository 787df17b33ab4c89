//! What a host says: about itself, and about single servers.

use crate::data::error::{Error, Result};
use crate::data::http::Parameters;
use crate::data::identifier::{Issuer, RedirectUri, Secret};
use crate::data::json::Json;
use crate::data::record::Mismatch;
use crate::data::scope::ScopeSet;
use crate::protocol::client_authentication::ClientAuthentication;
use crate::record;

record! {
    /// The client, as it presents itself to authorization servers (RFC 7591 §2).
    #[derive(Debug, Default)]
    #[members(no_others)]
    pub struct ClientDescription {
        /// Its name, shown to people on the consent page.
        pub client_name: Option<String>,
        /// Its home page.
        pub client_uri: Option<String>,
        /// Its logo.
        pub logo_uri: Option<String>,
        /// An identifier of the software, the same in every installation.
        pub software_id: Option<String>,
        /// The software's version.
        pub software_version: Option<String>,
        /// The URL of a client metadata document: the `client_id` at servers that support such documents.
        pub client_metadata_url: Option<String>,
    }
}

record! {
    /// A client that was registered by hand (RFC 6749 §2).
    #[derive(Debug)]
    #[members(no_others)]
    pub struct PreRegisteredClient {
        /// The client identifier.
        pub client_id: String,
        /// Its secret, if it has one.
        pub client_secret: Option<Secret>,
        /// The issuer that it was registered at. It is never sent to another. Needed where it has a secret or a key. Absent: the
        /// first issuer that it is used with.
        pub issuer: Option<Issuer>,
        /// How it authenticates. Absent: with a secret by Basic, or in the form where the server lists only that; else not at all.
        pub token_endpoint_auth_method: Option<ClientAuthentication>,
        /// The scopes that it was given. Absent: unknown.
        pub scopes: Option<ScopeSet>,
        /// The redirect URI that it was registered with, without port where any will do. Absent: whatever the host's `redirect` has.
        pub redirect_uri: Option<RedirectUri>,
    }
}

record! {
    /// What lets a client register where not everybody may (RFC 7591 §3).
    #[derive(Debug)]
    #[members(no_others)]
    pub struct InitialAccessToken {
        /// The authorization server that gave it. It is sent to no other.
        pub issuer: Issuer,
        /// The token.
        pub token: Secret,
    }
}

record! {
    /// What the host knows about one MCP server and its authorization server. Every member is optional.
    #[derive(Debug, Default)]
    #[members(no_others)]
    pub struct ServerSettings {
        /// A client registered by hand, for servers without dynamic registration.
        pub client: Option<PreRegisteredClient>,
        /// Goes with dynamic registration, for servers that register nobody without one (RFC 7591 §3).
        pub initial_access_token: Option<InitialAccessToken>,
        /// Scopes to request on top of what the server demands. The sign-in fails without them.
        pub scopes: Option<ScopeSet>,
        /// Scopes to request on top, and to do without where the server refuses.
        pub optional_scopes: Option<ScopeSet>,
        /// Exactly the scopes to register and request, whatever anybody else names or registers: for a server that lists more
        /// than this person or company may have. An empty list: none. A step-up beyond them is an error.
        pub exact_scopes: Option<ScopeSet>,
        /// Whether to ask for `offline_access`, where the authorization server lists it, to stay signed in. Default: true.
        pub refresh: Option<bool>,
        /// Whether `prompt=consent` goes with `offline_access` (OpenID Connect Core §11). Default: true.
        pub consent_prompt: Option<bool>,
        /// The `resource` parameter (RFC 8707), in place of the protected resource's own identifier.
        pub resource: Option<String>,
        /// Leave `resource` out, for servers that refuse it. Default: false.
        pub omit_resource: Option<bool>,
        /// Further authorization parameters by name, such as `audience`. Those of the protocol are refused.
        pub authorization_parameters: Option<Parameters>,
        /// Push the authorization request to the server first, where it takes such (RFC 9126), so that the browser sees
        /// none of it. Default: only where the server requires it.
        pub pushed_authorization_requests: Option<bool>,
        /// Take it for granted that the authorization server does PKCE with S256 though it does not say so. Default: false.
        pub assume_s256: Option<bool>,
        /// Look at the authorization endpoint's first answer before a browser opens, so that refused scopes are repaired
        /// without a trip. Where the platform shows redirects (Node, Electron's main process). Default: false.
        pub preflight: Option<bool>,
        /// Sign in at the MCP server's own origin where it publishes no metadata at all, as servers of MCP revision
        /// 2025-03-26 have it. Never where it once did publish metadata. Default: true.
        pub without_metadata: Option<bool>,
        /// Members of the authorization server's metadata (RFC 8414 §2) in place of what it publishes, by the names that
        /// they have there, for servers whose own are wrong or missing. Checked like the server's own.
        pub authorization_server_metadata: Option<Json>,
        /// Let a public server name addresses of this machine and of private networks. Default: false.
        pub allow_private_addresses: Option<bool>,
    }
}

impl ServerSettings {
    /// Refuses credentials that do not say whose they are: the MCP server would choose who gets them.
    pub fn require_issuer(&self) -> Result<()> {
        let is_unbound = |client: &PreRegisteredClient| {
            let by_key = client.token_endpoint_auth_method == Some(ClientAuthentication::PrivateKeyJwt);
            let by_secret = client.client_secret.as_ref().is_some_and(|secret| !secret.reveal().is_empty());
            client.issuer.is_none() && (by_key || by_secret)
        };
        if !self.client.as_ref().is_some_and(is_unbound) {
            return Ok(());
        }
        let expected = "the authorization server at which the client was registered: its secret or key goes nowhere else. Nothing was sent";
        Err(Error::invalid_argument(Mismatch { path: "settings.client.issuer".to_owned(), expected }))
    }
}
