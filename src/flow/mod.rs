//! Flows: the rules in the order of a sign-in, over what a host provides. `steps` has a sign-in, top to bottom.

pub mod budget;
pub mod discover;
pub mod documents;
pub mod dynamic_registration;
pub mod effect;
pub mod exchange;
pub mod platform;
pub mod preflight;
pub mod replay;
pub mod steps;
pub mod token_endpoint;
