//! `application/x-www-form-urlencoded` (WHATWG URL §5), the encoding of OAuth's parameters (RFC 6749 App. B).

/// Adds a name or a value, encoded.
pub fn encode(text: &str, encoded: &mut String) {
    for byte in text.bytes() {
        match byte {
            b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'*' | b'-' | b'.' | b'_' => encoded.push(char::from(byte)),
            b' ' => encoded.push('+'),
            _ => {
                encoded.push('%');
                for digit in [byte >> 4, byte & 15] {
                    encoded.extend(char::from_digit(digit.into(), 16).map(|digit| digit.to_ascii_uppercase()));
                }
            }
        }
    }
}

/// A name or a value. A percent sign without two digits stands for itself; what is not UTF-8 is replaced.
pub fn decode(encoded: &str) -> String {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let mut decoded = Vec::new();
    let mut rest = encoded.as_bytes();
    while let [first, after @ ..] = rest {
        let mut byte = if *first == b'+' { b' ' } else { *first };
        rest = after;
        if let (b'%', [high, low, after @ ..]) = (byte, rest)
            && let (Some(high), Some(low)) = (digit(*high), digit(*low))
        {
            byte = (high << 4 | low) as u8;
            rest = after;
        }
        decoded.push(byte);
    }
    with_replacements(&decoded)
}

/// As `String::from_utf8_lossy` does, which brings a second reader of UTF-8 along.
fn with_replacements(bytes: &[u8]) -> String {
    let mut text = String::new();
    let mut rest = bytes;
    while let Err(error) = str::from_utf8(rest) {
        let (valid, invalid) = rest.split_at_checked(error.valid_up_to()).unwrap_or_default();
        text.push_str(str::from_utf8(valid).unwrap_or_default());
        text.push(char::REPLACEMENT_CHARACTER);
        rest = invalid.get(error.error_len().unwrap_or(invalid.len())..).unwrap_or_default();
    }
    text.push_str(str::from_utf8(rest).unwrap_or_default());
    text
}

#[cfg(test)]
mod tests {
    use super::{decode, encode};

    fn encoded(text: &str) -> String {
        let mut encoded = String::new();
        encode(text, &mut encoded);
        encoded
    }

    #[test]
    fn as_browsers_do() {
        assert_eq!(encoded("a b+c&d=e%~é\u{0}-._*"), "a+b%2Bc%26d%3De%25%7E%C3%A9%00-._*");
        for (text, plain) in [
            ("a+b", "a b"),
            ("%2B", "+"),
            ("%c3%A9", "é"),
            ("%", "%"),
            ("%2", "%2"),
            ("%+f%zz", "% f%zz"),
            ("%ff", "\u{fffd}"),
        ] {
            assert_eq!(decode(text), plain);
        }
    }

    #[cfg(not(target_arch = "wasm32"))]
    proptest::proptest! {
        #[test]
        fn what_is_encoded_is_decoded(text: String) {
            assert_eq!(decode(&encoded(&text)), text);
        }
    }
}
