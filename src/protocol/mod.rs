//! Rules: pure functions, one file for each thing that a standard defines. They fetch nothing, and read no clock.

pub mod authorization;
pub mod authorization_server;
pub mod challenge;
pub mod client_authentication;
pub mod discovery;
pub mod grant;
pub mod pkce;
pub mod protected_resource;
pub mod pushed_authorization;
pub mod registration;
pub mod registration_management;
pub mod registration_refusal;
pub mod repair;
pub mod scope_plan;
pub mod settings;
pub mod token;
pub mod trace;
pub mod well_known;
