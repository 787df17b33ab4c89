//! Grants: what a client gives the token endpoint in return for tokens (RFC 6749 §1.3).

use crate::string_enum;

string_enum! {
    /// A grant (RFC 6749 §1.3), by its `grant_type`.
    pub enum GrantType {
        /// A person signs in with a browser (RFC 6749 §4.1).
        AuthorizationCode = "authorization_code",
        /// A person signs in on another device (RFC 8628).
        DeviceCode = "urn:ietf:params:oauth:grant-type:device_code",
        /// The client acts for itself (RFC 6749 §4.4).
        ClientCredentials = "client_credentials",
        /// Somebody else vouches for the client or its user (RFC 7523 §2.1).
        JwtBearer = "urn:ietf:params:oauth:grant-type:jwt-bearer",
    }
}
