//! A connection over time: what is stored and when, what a refusal means, the whole sign-in, and every call by its name.

pub mod calls;
pub mod came_back;
pub mod consent;
pub mod contract;
pub mod discovered;
pub mod redirect_owner;
pub mod refusal;
pub mod renewal;
pub mod sign_in;
pub mod sign_out;
pub mod stored;
pub mod under_way;
