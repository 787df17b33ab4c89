//! Base64 (RFC 4648), in the two alphabets that OAuth uses.

const STANDARD: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const URL_SAFE: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// The standard alphabet with padding (RFC 4648 §4): what Basic authentication takes.
pub fn standard(bytes: &[u8]) -> String {
    let mut text = encode(bytes, STANDARD);
    while !text.len().is_multiple_of(4) {
        text.push('=');
    }
    text
}

/// The URL-safe alphabet without padding (RFC 4648 §5): what PKCE takes.
pub fn url_safe(bytes: &[u8]) -> String {
    encode(bytes, URL_SAFE)
}

fn encode(bytes: &[u8], alphabet: &[u8; 64]) -> String {
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let bits = (0..3).fold(0, |bits, index| bits << 8 | group.get(index).map_or(0, |byte| usize::from(*byte)));
        let digits = (0..=group.len()).filter_map(|digit| alphabet.get(bits >> (18 - 6 * digit) & 63));
        text.extend(digits.map(|digit| char::from(*digit)));
    }
    text
}

#[cfg(test)]
mod tests {
    #[test]
    fn vectors_of_rfc_4648() {
        for (bytes, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(super::standard(bytes.as_bytes()), text);
            assert_eq!(super::url_safe(bytes.as_bytes()), text.trim_end_matches('='));
        }
        assert_eq!(super::standard(&[0xfb, 0xff]), "+/8=");
        assert_eq!(super::url_safe(&[0xfb, 0xff]), "-_8");
    }
}
