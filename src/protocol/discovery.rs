//! What discovery finds: everything that the rest of a sign-in needs to know about the two servers.

use std::sync::Arc;

use crate::data::identifier::{Endpoint, Issuer};
use crate::data::record::{AsJson, Reader};
use crate::data::scope::ScopeSet;
use crate::data::url::Url;
use crate::protocol::authorization_server::AuthorizationServer;
use crate::protocol::challenge::Challenge;
use crate::protocol::client_authentication::ClientAuthentication;
use crate::protocol::grant::GrantType;
use crate::protocol::protected_resource::ProtectedResource;
use crate::protocol::scope_plan::{OFFLINE_ACCESS, ScopePlan, ScopeSources};
use crate::protocol::settings::ServerSettings;
use crate::record;

/// How many words of a list are kept, of those that are known here.
const KNOWN_LIMIT: usize = 10;

record! {
    /// What discovery found for one MCP server (RFC 9728 §3, RFC 8414 §3). Exists only if the protected resource is the one
    /// that is called, and the authorization server one of those that it names.
    #[derive(Debug)]
    pub struct Discovery: require_agreement {
        /// The MCP server's URL, as it is called.
        pub(crate) endpoint: Endpoint,
        /// The challenge that was answered, where there was one.
        pub(crate) challenge: Option<Challenge>,
        /// The MCP server as a protected resource.
        pub(crate) protected_resource: Arc<ProtectedResource>,
        /// The authorization server that will be used, its issuer verified.
        pub(crate) authorization_server: Arc<AuthorizationServer>,
    }
}

/// What was found counts for so long. Seconds.
const KEPT_LIMIT: u64 = 30 * 24 * 60 * 60;

/// What is longer is not kept. Bytes.
const KEPT_SIZE_LIMIT: usize = 8 * 1024;

record! {
    /// What discovery found, kept with the client for the next sign-in. It leads a person to the sign-in page sooner; nothing
    /// secret is sent by it.
    #[derive(Debug)]
    pub struct KeptDiscovery {
        /// The identifier of the protected resource for which it was found.
        pub resource: String,
        /// Where that has its metadata.
        pub metadata_url: String,
        /// The authorization server.
        pub authorization_server: Arc<AuthorizationServer>,
        /// When it was read, in seconds since 1970.
        pub read_at: u64,
        /// The sign-in that came to a session by it.
        pub sign_in: Option<String>,
        /// Whether that session could be refreshed.
        pub refreshes: Option<bool>,
    }
}

impl KeptDiscovery {
    /// What is kept of a discovery that has led to a session. Nothing without metadata.
    pub fn of(
        discovery: &Discovery,
        sign_in: Option<String>,
        refreshes: Option<bool>,
        now: u64,
    ) -> Option<KeptDiscovery> {
        let Discovery { protected_resource, authorization_server, .. } = discovery;
        let metadata_url = protected_resource.metadata_url.clone()?;
        let is_short = || authorization_server.to_json().to_text().len() <= KEPT_SIZE_LIMIT;
        (authorization_server.metadata_url.is_some() && is_short()).then(|| KeptDiscovery {
            resource: protected_resource.resource.clone(),
            metadata_url,
            authorization_server: authorization_server.clone(),
            read_at: now,
            sign_in,
            refreshes,
        })
    }

    /// Whether it still counts.
    pub fn is_recent(&self, now: u64) -> bool {
        (self.read_at..self.read_at.saturating_add(KEPT_LIMIT)).contains(&now)
    }

    /// Whether it was found for this protected resource, which still names that authorization server.
    pub fn is_of(&self, resource: &ProtectedResource) -> bool {
        let issuer = &self.authorization_server.issuer;
        self.resource == resource.resource
            && resource.authorization_servers.iter().any(|named| named.is_same_for_discovery(issuer))
    }
}

impl Discovery {
    /// The MCP server as a protected resource.
    pub fn protected_resource(&self) -> &Arc<ProtectedResource> {
        &self.protected_resource
    }

    /// The authorization server that will be used.
    pub fn authorization_server(&self) -> &Arc<AuthorizationServer> {
        &self.authorization_server
    }

    /// The issuer of the authorization server that will be used.
    pub fn issuer(&self) -> &Issuer {
        &self.authorization_server.issuer
    }

    /// As it is stored beside that plan: what the lists in it were for is in the plan.
    pub fn kept(&self, plan: &ScopePlan) -> Arc<Discovery> {
        let known = |list: &Option<Vec<String>>, is_known: &dyn Fn(&str) -> bool| {
            list.as_ref().map(|list| list.iter().filter(|word| is_known(word)).take(KNOWN_LIMIT).cloned().collect())
        };
        let server = &*self.authorization_server;
        let resource = &*self.protected_resource;
        let is_used = |issuer: &&Issuer| issuer.is_same_for_discovery(self.issuer());
        Arc::new(Discovery {
            endpoint: self.endpoint.clone(),
            challenge: self.challenge.clone().map(|challenge| Challenge { scopes: None, ..challenge }),
            protected_resource: Arc::new(ProtectedResource {
                authorization_servers: resource.authorization_servers.iter().filter(is_used).take(1).cloned().collect(),
                scopes_supported: resource
                    .scopes_supported
                    .clone()
                    .filter(|_| plan.exact == Some(true))
                    .map(|scopes| scopes.kept(&ScopeSet::default())),
                ..resource.clone()
            }),
            authorization_server: Arc::new(AuthorizationServer {
                // Nothing else of it is asked for (see `plan`).
                scopes_supported: (server.scopes_supported.as_ref())
                    .map(|scopes| scopes.iter().filter(|scope| *scope == OFFLINE_ACCESS).collect()),
                token_endpoint_auth_methods_supported: known(&server.token_endpoint_auth_methods_supported, &|word| {
                    ClientAuthentication::of(word).is_some()
                }),
                grant_types_supported: known(&server.grant_types_supported, &|word| {
                    word == "refresh_token" || GrantType::of(word).is_some()
                }),
                ..server.clone()
            }),
        })
    }

    /// What the protected resource lists.
    pub fn listed_scopes(&self, plan: &ScopePlan) -> ScopeSet {
        self.protected_resource.scopes_supported.clone().unwrap_or_else(|| plan.listed())
    }

    /// What was read from outside may have been put together by hand.
    fn require_agreement(&self, reader: &mut Reader) {
        let ProtectedResource { resource, authorization_servers, .. } = &*self.protected_resource;
        if !authorization_servers.iter().any(|issuer| issuer.is_same_for_discovery(self.issuer())) {
            reader.refuse("a discovery whose authorization server is one of the protected resource's");
        }
        if !Url::parse(resource).is_some_and(|resource| resource.contains(self.endpoint.url())) {
            reader.refuse("a discovery whose protected resource is the one that is called");
        }
    }

    /// What the scope plan is made from.
    pub fn scope_sources(&self, settings: &ServerSettings, grant: GrantType) -> ScopeSources {
        let is_of_person = matches!(grant, GrantType::AuthorizationCode | GrantType::DeviceCode);
        ScopeSources {
            challenge: self.challenge.as_ref().and_then(|challenge| challenge.scopes.clone()),
            insufficient: self
                .challenge
                .as_ref()
                .map(|challenge| challenge.error.as_deref() == Some("insufficient_scope")),
            protected_resource: self.protected_resource.scopes_supported.clone(),
            host: settings.scopes.clone(),
            host_optional: settings.optional_scopes.clone(),
            exact: settings.exact_scopes.clone(),
            refresh: Some(settings.refresh.unwrap_or(true)),
            authorization_server: self.authorization_server.scopes_supported.clone(),
            openid_provider: self.authorization_server.openid_provider.filter(|_| is_of_person),
            ..ScopeSources::default()
        }
    }

    /// The `resource` parameter (RFC 8707): what the protected resource calls itself, byte for byte, unless the
    /// host's settings say otherwise. Without metadata it calls itself nothing.
    pub fn resource(&self, settings: &ServerSettings) -> Option<String> {
        if settings.omit_resource == Some(true) {
            return None;
        }
        let ProtectedResource { resource, metadata_url, .. } = &*self.protected_resource;
        settings.resource.clone().or_else(|| metadata_url.is_some().then(|| resource.clone()))
    }
}
