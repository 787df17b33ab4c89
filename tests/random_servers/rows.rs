//! What servers do, by endpoint: the rows from which their answers are drawn. The first of each is what
//! a server does that troubles nobody, and is drawn in so many of a hundred cases, or more.

use std::collections::BTreeMap;

use crate::random::Random;

pub const ROWS: &[(&str, u64, &[&str])] = &[
    (
        "registration answers",
        30,
        &[
            "what was sent",
            "no scope",
            "the permitted part",
            "no scope, and registers the permitted part",
            "what was sent, and registers the permitted part",
            "a list of its own",
            "all but what everybody may have",
        ],
    ),
    (
        "registration without scope",
        50,
        &["registers nothing", "a default, and tells", "a default, and says nothing", "is refused"],
    ),
    (
        "registration refuses",
        60,
        &[
            "nobody",
            "unpermitted scopes, by name",
            "unpermitted scopes, as a list",
            "unpermitted scopes, without a name",
            "unpermitted scopes, in other JSON",
            "unpermitted scopes, with 403",
            "any scope",
            "everybody",
            "the grant refresh_token",
            "native applications",
            "redirect URIs that do not say localhost",
            "a second client, with 429",
            "by a page to sign in",
            "with 503",
            "by silence",
        ],
    ),
    ("registration is", 50, &["public", "confidential", "without the grant refresh_token", "with an empty member"]),
    ("management", 45, &["none", "offered", "offered, tokens rotate", "read only", "broken", "forbidden"]),
    (
        "an unknown client",
        30,
        &["meets a page", "meets a page with 404", "is sent back", "passes, and is refused for its code"],
    ),
    ("a new client", 80, &["is known at once", "is known at the second request", "is known at the third request"]),
    (
        "a request",
        35,
        &[
            "may have what is registered",
            "may have anything",
            "may have what is permitted now",
            "may have what is registered, and what everybody has",
        ],
    ),
    (
        "scopes beyond",
        15,
        &[
            "are refused by name",
            "are refused without a name",
            "are refused as a list",
            "are refused in `scope`",
            "are refused by the name of another",
            "are refused by a page",
            "are dropped",
        ],
    ),
    (
        "a request lacks",
        62,
        &[
            "nothing",
            "a scope: invalid_scope",
            "a scope: invalid_request",
            "openid: a page",
            "openid: access_denied",
            "openid: invalid_request",
            "openid: invalid_scope that names it",
        ],
    ),
    ("prompt=consent", 85, &["is accepted", "is refused"]),
    ("a look", 50, &["meets a page", "is given a code"]),
    ("the person", 90, &["agrees", "declines", "closes the window"]),
    (
        "the authorization endpoint",
        90,
        &["works", "is temporarily unavailable", "is broken", "says unauthorized_client"],
    ),
    (
        "iss",
        85,
        &[
            "is promised and sent",
            "is neither",
            "is promised and missing",
            "is promised and missing in errors",
            "is another's",
        ],
    ),
    ("a pushed request", 40, &["is judged like others", "is not wanted", "is refused as the client is", "fails"]),
    (
        "a code is traded",
        62,
        &[
            "for tokens, scopes named",
            "for tokens, scopes not named",
            "for a narrower token, which says so",
            "for a narrower token, which says nothing",
            "for a wider token",
            "for tokens, scopes in a list with commas",
            "for an error: invalid_client",
            "for an error: invalid_grant",
            "for an error: no offline session",
            "for an error in other JSON",
            "for a page",
            "for 503",
            "for tokens in silence",
        ],
    ),
    ("refresh tokens", 40, &["always come", "come with offline_access", "never come"]),
    (
        "a refresh",
        10,
        &[
            "gives a new refresh token",
            "keeps the refresh token",
            "narrows",
            "is refused: invalid_grant",
            "is refused: invalid_client",
            "is refused in other JSON",
            "is refused by a page",
            "is refused with nothing",
            "meets 503",
            "meets silence",
        ],
    ),
    ("a 401", 50, &["names scopes", "names none"]),
    (
        "a token that lacks scopes",
        20,
        &[
            "is answered 403 with all of them",
            "is answered 403 with those that it lacks",
            "is answered 403 without scope",
            "is answered 401 with all of them",
            "is answered 401 without scope",
        ],
    ),
    (
        "the MCP server",
        88,
        &[
            "is content with what it needs",
            "never is content",
            "answers 403 of its own",
            "is always answering 401",
            "is broken",
        ],
    ),
    ("the resource's document", 60, &["is named by challenges", "is at its place", "is broken", "does not exist"]),
    ("the server's document", 93, &["is there", "is broken", "does not exist"]),
    ("the host", 70, &["approves", "does not approve"]),
    ("the store", 70, &["is ours alone", "is written by others"]),
];

/// How often each row was reached.
#[derive(Default)]
pub struct Reached {
    times: BTreeMap<(&'static str, &'static str), u64>,
    most: BTreeMap<&'static str, u64>,
}

impl Reached {
    pub fn count(&mut self, endpoint: &'static str, row: &'static str) {
        *self.times.entry((endpoint, row)).or_default() += 1;
    }

    /// Takes note of how much of something there was in one call.
    pub fn much(&mut self, what: &'static str, amount: u64) {
        let most = self.most.entry(what).or_default();
        *most = amount.max(*most);
    }

    pub fn times(&self, endpoint: &'static str, row: &'static str) -> u64 {
        self.times.get(&(endpoint, row)).copied().unwrap_or_default()
    }

    pub fn most(&self) -> String {
        self.most.iter().map(|(what, amount)| format!("{amount} {what}")).collect::<Vec<_>>().join(", ")
    }

    pub fn add(&mut self, other: &Reached) {
        for (key, times) in &other.times {
            *self.times.entry(*key).or_default() += times;
        }
        for (what, amount) in &other.most {
            self.much(what, *amount);
        }
    }
}

/// What the servers of one world do.
pub struct Policies(BTreeMap<&'static str, &'static str>);

impl Policies {
    /// In half of all worlds little is out of the ordinary: only there a session lives long.
    pub fn drawn(random: &mut Random) -> Policies {
        let is_ordinary = random.happens(50);
        let drawn = |random: &mut Random, first: u64, rows: &[&'static str]| {
            draw(random, if is_ordinary && first > 10 { (first + 400) / 5 } else { first }, rows)
        };
        Policies(ROWS.iter().map(|(endpoint, first, rows)| (*endpoint, drawn(random, *first, rows))).collect())
    }

    /// What is done at that endpoint.
    pub fn row(&self, endpoint: &'static str) -> &'static str {
        self.0[endpoint]
    }

    pub fn redraw(&mut self, random: &mut Random, endpoint: &'static str) {
        let (endpoint, first, rows) = ROWS.iter().find(|(own, ..)| *own == endpoint).expect("it is an endpoint");
        self.0.insert(endpoint, draw(random, *first, rows));
    }
}

fn draw(random: &mut Random, first: u64, rows: &[&'static str]) -> &'static str {
    if random.happens(first) { rows[0] } else { rows[random.below(rows.len())] }
}
