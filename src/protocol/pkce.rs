//! PKCE with S256 (RFC 7636), the only method there is here.

use base64::alphabet::{Alphabet, URL_SAFE};
use sha2::{Digest, Sha256};

use crate::data::identifier::Secret;
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
    let code_challenge = base64(&URL_SAFE, &Sha256::digest(code_verifier.reveal().as_bytes()));
    Pkce { code_verifier, code_challenge, code_challenge_method: "S256".to_owned() }
}

/// 32 random bytes as 43 characters that need no escaping: a code verifier or a `state`.
pub fn unguessable(random: [u8; 32]) -> Secret {
    Secret::new(base64(&URL_SAFE, &random))
}

/// What tells a text apart from others: 16 hexadecimal digits of its SHA-256.
pub fn mark(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    let digits = digest.iter().take(8).flat_map(|byte| [byte >> 4, byte & 15]);
    digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect()
}

/// Bytes in base64, without padding. The crate's engines unroll this for megabytes, at a kilobyte of the download.
pub fn base64(alphabet: &Alphabet, bytes: &[u8]) -> String {
    let digits = alphabet.as_str().as_bytes();
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let [first, second, third] = [0, 1, 2].map(|index| group.get(index).copied().unwrap_or_default());
        let bits = u32::from_be_bytes([0, first, second, third]);
        for place in 0..=group.len() {
            let digit = bits >> (18 - 6 * place) & 63;
            text.extend(digits.get(digit as usize).map(|digit| char::from(*digit)));
        }
    }
    text
}
