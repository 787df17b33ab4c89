//! What discovery finds: everything that the rest of a sign-in needs to know about the two servers.

use std::sync::Arc;

use crate::authorization_server::AuthorizationServer;
use crate::challenge::Challenge;
use crate::grant::GrantType;
use crate::identifier::Endpoint;
use crate::protected_resource::ProtectedResource;
use crate::record;
use crate::scope_plan::ScopeSources;
use crate::settings::ServerSettings;

record! {
    /// What discovery found for one MCP server (RFC 9728 §3, RFC 8414 §3).
    #[derive(Debug)]
    pub struct Discovery {
        /// The MCP server's URL, as it is called.
        pub endpoint: Endpoint,
        /// The challenge that was answered, where there was one.
        pub challenge: Option<Challenge>,
        /// The MCP server as a protected resource.
        pub protected_resource: Arc<ProtectedResource>,
        /// The authorization server that will be used, its issuer verified.
        pub authorization_server: Arc<AuthorizationServer>,
    }
}

impl Discovery {
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
