//! PKCE with S256 (RFC 7636), the only method there is here.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use crate::identifier::Secret;
use crate::record;

record! {
    /// A code verifier and its challenge (RFC 7636 §4). A verifier is used once.
    #[derive(Debug)]
    pub struct Pkce {
        /// The secret: stays here until the code is traded.
        pub code_verifier: Secret,
        /// What the authorization request carries.
        pub code_challenge: String,
        /// Always `S256`.
        pub code_challenge_method: String,
    }
}

/// Makes a pair from 32 random bytes.
pub fn pair(random: [u8; 32]) -> Pkce {
    let code_verifier = unguessable(random);
    let code_challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(code_verifier.reveal().as_bytes()));
    Pkce { code_verifier, code_challenge, code_challenge_method: "S256".to_owned() }
}

/// 32 random bytes as 43 characters that need no escaping: a code verifier or a `state`.
pub fn unguessable(random: [u8; 32]) -> Secret {
    Secret::new(URL_SAFE_NO_PAD.encode(random))
}
