//! Scopes as the servers keep them: few, so that sets overlap.

use crate::random::Random;

const NAMES: [&str; 6] = ["openid", "offline_access", "read", "write", "admin", "files"];

/// A set of them.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Scopes(u8);

pub const NONE: Scopes = Scopes(0);
pub const OPENID: Scopes = Scopes(1);
pub const OFFLINE_ACCESS: Scopes = Scopes(2);
pub const ALL: Scopes = Scopes(0b11_1111);

impl Scopes {
    /// Reads a `scope`; what has no name here counts for nothing.
    pub fn read(text: &str) -> Scopes {
        text.split([' ', ','])
            .filter_map(|name| NAMES.iter().position(|own| *own == name))
            .fold(NONE, |all, at| Scopes(all.0 | 1 << at))
    }

    /// Each of them with that probability.
    pub fn drawn(random: &mut Random, percent: u64) -> Scopes {
        (0..NAMES.len()).filter(|_| random.happens(percent)).fold(NONE, |all, at| Scopes(all.0 | 1 << at))
    }

    pub fn names(self) -> impl Iterator<Item = &'static str> {
        NAMES.iter().enumerate().filter(move |(at, _)| self.0 & (1 << at) != 0).map(|(_, name)| *name)
    }

    pub fn first(self) -> Scopes {
        Scopes(self.0 & self.0.wrapping_neg())
    }

    pub fn text(self) -> String {
        self.names().collect::<Vec<_>>().join(" ")
    }

    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub fn and(self, other: Scopes) -> Scopes {
        Scopes(self.0 | other.0)
    }

    pub fn within(self, other: Scopes) -> Scopes {
        Scopes(self.0 & other.0)
    }

    pub fn without(self, other: Scopes) -> Scopes {
        Scopes(self.0 & !other.0)
    }
}
