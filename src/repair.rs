//! What can still be done when the authorization server refuses scopes for which the client was registered, as
//! far as anybody had told: servers narrow silently, and some say that they registered what they did not.

use std::sync::Arc;

use crate::authorization::PendingAuthorization;
use crate::http::StatedError;
use crate::registration::RegistrationKind;
use crate::scope_plan::ScopePlan;

/// Trips through the browser in one sign-in: the first, and one repaired.
const AUTHORIZATION_LIMIT: u64 = 2;

/// One repair of a sign-in.
#[derive(Debug)]
pub enum Repair {
    /// Authorize again without the optional scopes that were refused.
    WithoutRefused(Arc<ScopePlan>),
    /// Widen or replace the registration, then authorize again.
    Widen(Arc<ScopePlan>),
}

/// The one repair after a refusal, or nothing where none could help.
///
/// A name in the server's words counts only if that scope was requested. Where only optional scopes are refused, they
/// are dropped: those that are named, or all of them where none is. Where a required one is refused, the registration
/// is widened: it may be older, or narrower than the server said. There is nothing to widen where the server made us
/// register without scopes in the first place.
pub fn after(refusal: &StatedError, pending: &PendingAuthorization) -> Option<Repair> {
    let PendingAuthorization { plan, attempts, registration, .. } = pending;
    let (requested, required) = (plan.requested(), plan.required());
    let about_scopes = refusal.error.as_deref() == Some("invalid_scope") && !requested.is_empty();
    if !about_scopes || attempts.authorizations >= AUTHORIZATION_LIMIT {
        return None;
    }
    let optional = requested.without(&required);
    let named = requested.named_by(refusal);
    let refused = if named.is_empty() && !optional.is_empty() { &optional } else { &named };
    if !refused.is_empty() && optional.includes(refused) {
        return Some(Repair::WithoutRefused(plan.refusing(refused)));
    }
    let can_widen = registration.kind == RegistrationKind::Dynamic && registration.scopes.is_some();
    can_widen.then(|| Repair::Widen(plan.refusing(if named.is_empty() { &required } else { &named })))
}
