//! What can still be done when the authorization server refuses scopes for which the client was registered, as
//! far as anybody had told: servers narrow silently, and some say that they registered what they did not.

use std::sync::Arc;

use crate::authorization::PendingAuthorization;
use crate::http::StatedError;
use crate::registration::RegistrationKind;
use crate::scope::ScopeSet;
use crate::scope_plan::ScopePlan;

/// Trips through the browser in one sign-in: the first, and one repaired.
const AUTHORIZATION_LIMIT: u64 = 2;

/// One repair of a sign-in.
#[derive(Debug)]
pub enum Repair {
    /// Authorize again without the optional scopes that were refused.
    WithoutRefused(Arc<ScopePlan>),
    /// Register anew with everything that is required, then authorize again.
    RegisterAnew(Arc<ScopePlan>),
}

/// The one repair after a refusal, or nothing where none could help.
///
/// A name in the server's words counts only if that scope was requested. Where only optional scopes are
/// refused, they are dropped; where a required one is, the client is registered anew, since the registration may
/// be an older, narrower one.
pub fn after(refusal: &StatedError, pending: &PendingAuthorization) -> Option<Repair> {
    if refusal.error.as_deref() != Some("invalid_scope") || pending.attempts.authorizations >= AUTHORIZATION_LIMIT {
        return None;
    }
    let requested = pending.plan.requested();
    let required = pending.plan.required();
    let optional = requested.without(&required);
    let named = requested.named_by(refusal);
    let refused = if named.is_empty() { optional } else { named };
    if !refused.is_empty() && !refused.iter().any(|scope| required.contains(scope)) {
        return Some(Repair::WithoutRefused(pending.plan.refusing(&refused)));
    }
    let registered_here = pending.registration.kind == RegistrationKind::Dynamic && pending.attempts.registrations > 0;
    let can_register = pending.registration.kind == RegistrationKind::Dynamic && !registered_here;
    can_register.then(|| Repair::RegisterAnew(pending.plan.refusing(&ScopeSet::default())))
}
