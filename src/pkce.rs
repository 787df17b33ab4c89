//! PKCE with S256 (RFC 7636), the only method there is here.

use base64::Engine as _;
use base64::engine::general_purpose::{GeneralPurpose, URL_SAFE_NO_PAD};
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
    let code_challenge = base64(&URL_SAFE_NO_PAD, &Sha256::digest(code_verifier.reveal().as_bytes()));
    Pkce { code_verifier, code_challenge, code_challenge_method: "S256".to_owned() }
}

/// 32 random bytes as 43 characters that need no escaping: a code verifier or a `state`.
pub fn unguessable(random: [u8; 32]) -> Secret {
    Secret::new(base64(&URL_SAFE_NO_PAD, &random))
}

/// Bytes in base64. The engine's own `encode` would check that what it made is UTF-8.
pub fn base64(engine: &GeneralPurpose, bytes: &[u8]) -> String {
    let mut encoded = vec![0; bytes.len().div_ceil(3) * 4];
    let length = engine.encode_slice(bytes, &mut encoded).unwrap_or_default();
    let mut text = String::new();
    for byte in encoded.iter().take(length) {
        text.push(char::from(*byte));
    }
    text
}
