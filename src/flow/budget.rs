//! What the servers of one call may cost, whatever they send.

use crate::data::error::{Code, Error, Result};
use crate::data::http::{Request, Response};

/// What is left of the time, in milliseconds, is none: no answer comes so soon.
const MOMENT: u64 = 100;

/// Ten times what honest servers come to: what is read costs time, here and for everybody who waits.
const BYTES: usize = 512 * 1024;

/// What is left for the servers of one call, with all that it leads to before the person is sent. Only time that is spent on
/// them counts: not the person's, and not what the host takes for its locks and its store.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    /// Requests, redirects included.
    pub requests: u64,
    /// Bytes of all bodies.
    pub bytes: usize,
    /// Time, in milliseconds.
    pub milliseconds: u64,
}

impl Default for Budget {
    fn default() -> Budget {
        Budget { requests: 40, bytes: BYTES, milliseconds: 60_000 }
    }
}

impl Budget {
    /// Counts a request that is about to be sent, and gives it its time. What cannot be sent twice is not ended by it.
    pub fn send(&mut self, request: &mut Request, may_end: bool) -> Result<()> {
        if self.milliseconds < MOMENT {
            return Err(exceeded("seconds", "60"));
        }
        if self.bytes == 0 {
            return Err(exceeded("bytes", "512 KiB"));
        }
        self.requests = self.requests.checked_sub(1).ok_or_else(|| exceeded("requests", "40"))?;
        request.milliseconds = may_end.then_some(self.milliseconds);
        Ok(())
    }

    /// Counts what came of it, and how long that took.
    pub fn receive(&mut self, answer: Result<Response>, elapsed: u64) -> Result<Response> {
        self.milliseconds = self.milliseconds.saturating_sub(elapsed);
        let length = answer.as_ref().map_or_else(|error| error.length, |response| response.length);
        let fits = length <= self.bytes;
        self.bytes = self.bytes.saturating_sub(length);
        match answer {
            Ok(_) if !fits => Err(exceeded("bytes", "512 KiB")),
            Err(error) if error.code == Code::TimedOut && self.milliseconds < MOMENT => Err(exceeded("seconds", "60")),
            answer => answer,
        }
    }
}

/// The error for servers that cost more than they may.
pub fn exceeded(limit: &'static str, most: &str) -> Box<Error> {
    let message = "The servers cost more than one call may: the limit is {} of {}. The operators have to look into it.";
    Error::new(Code::LimitExceeded, message, &[most, limit]).with("limit", limit)
}
