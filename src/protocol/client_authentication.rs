//! How a client authenticates at the token endpoint (RFC 6749 §2.3.1): exactly as registered, by one method.

use base64::alphabet::STANDARD;

use crate::data::error::{Code, Error, Result};
use crate::data::form;
use crate::data::http::{Parameters, Request};
use crate::data::identifier::Secret;
use crate::data::printable::filled;
use crate::protocol::pkce::base64;
use crate::string_enum;

string_enum! {
    /// A method of client authentication (RFC 7591 §2, `token_endpoint_auth_method`).
    pub enum ClientAuthentication {
        /// A public client: its `client_id` in the form.
        None = "none",
        /// Identifier and secret in the `Authorization` header.
        ClientSecretBasic = "client_secret_basic",
        /// Identifier and secret in the form.
        ClientSecretPost = "client_secret_post",
        /// An assertion that is signed with the client's key (RFC 7523 §2.2).
        PrivateKeyJwt = "private_key_jwt",
    }
}

impl ClientAuthentication {
    /// The method of that name, for a client that registers itself, which has no key to be registered along.
    pub fn named(name: &str) -> Result<ClientAuthentication> {
        let can_register = |method: &ClientAuthentication| *method != ClientAuthentication::PrivateKeyJwt;
        ClientAuthentication::of(name).filter(can_register).ok_or_else(|| {
            let message = "The authorization server wants the client to authenticate in a way that is not supported (supported: none, client_secret_basic, client_secret_post). Ask its operator to permit one of these.";
            Error::new(Code::NoClientAuthentication, message, &[])
        })
    }

    /// What a client asks to be registered with: public if it can be, since no secret can be kept on a user's
    /// machine; otherwise the first that the server and we both know.
    pub fn to_register(supported: Option<&[String]>) -> Result<ClientAuthentication> {
        let Some(supported) = supported.filter(|supported| !supported.is_empty()) else {
            return Ok(ClientAuthentication::None);
        };
        if supported.iter().any(|method| method == "none") {
            return Ok(ClientAuthentication::None);
        }
        let known = supported.iter().find_map(|method| ClientAuthentication::named(method).ok());
        known.map_or_else(|| ClientAuthentication::named(""), Ok)
    }

    /// How a client with a secret authenticates where nothing was agreed: Basic is the standard's default
    /// (RFC 7591 §2), unless the server lists only the form.
    pub fn for_secret(supported: Option<&[String]>) -> ClientAuthentication {
        let lists = |name: &str| supported.is_some_and(|supported| supported.iter().any(|method| method == name));
        if lists("client_secret_post") && !lists("client_secret_basic") {
            ClientAuthentication::ClientSecretPost
        } else {
            ClientAuthentication::ClientSecretBasic
        }
    }

    /// The form as a request that authenticates by this method: with the client's secret, or with its assertion.
    pub fn request(
        self,
        endpoint: &str,
        mut form: Parameters,
        client_id: &str,
        credential: Option<&Secret>,
    ) -> Request {
        let credential = credential.map(Secret::reveal);
        match self {
            ClientAuthentication::ClientSecretBasic => {
                let mut credentials = String::new();
                form::encode(client_id, &mut credentials);
                credentials.push(':');
                form::encode(credential.unwrap_or_default(), &mut credentials);
                let mut encoded = base64(&STANDARD, credentials.as_bytes());
                while !encoded.len().is_multiple_of(4) {
                    encoded.push('=');
                }
                let header = filled("Basic {}", &[&encoded]);
                Request { authorization: Some(Secret::new(header)), ..Request::form(endpoint, &form) }
            }
            ClientAuthentication::ClientSecretPost => {
                form.set("client_id", Some(client_id));
                form.set("client_secret", credential);
                Request::form(endpoint, &form)
            }
            ClientAuthentication::PrivateKeyJwt => {
                form.set("client_id", Some(client_id));
                form.set("client_assertion_type", Some("urn:ietf:params:oauth:client-assertion-type:jwt-bearer"));
                form.set("client_assertion", credential);
                Request::form(endpoint, &form)
            }
            ClientAuthentication::None => {
                form.set("client_id", Some(client_id));
                Request::form(endpoint, &form)
            }
        }
    }
}
