//! Looks at the authorization endpoint's first answer without any person: what it refuses at once need not cost a trip
//! through the browser. A look has a `state` and a code challenge that are thrown away, as is a code, should one come
//! back.

use std::sync::Arc;

use crate::data::error::{Result, Step};
use crate::data::http::StatedError;
use crate::data::url::Url;
use crate::flow::exchange::Exchange;
use crate::flow::replay::Replay;
use crate::protocol::authorization::{
    self, Attempts, AuthorizationRequest, AuthorizationResponse, PendingAuthorization,
};
use crate::protocol::discovery::Discovery;
use crate::protocol::registration::ClientRegistration;
use crate::protocol::repair;
use crate::protocol::scope_plan::{OFFLINE_ACCESS, OPENID, ScopePlan};
use crate::protocol::settings::ServerSettings;
use crate::protocol::trace::Party;

/// Whether the server may well refuse the request with a page that never leads back: it is an OpenID provider, and the
/// request has no scope because the registration does not name `openid`. A look spares the person that page.
pub fn is_doubtful(pending: &PendingAuthorization) -> bool {
    let is_provider = pending.discovery.authorization_server.openid_provider == Some(true);
    is_provider && pending.plan.requested().is_empty() && pending.plan.is_only_of_provider(OPENID)
}

/// Looks at the first answer of the authorization endpoint with a `state` and a code challenge that are thrown away,
/// as is a code, should one come back. It acts on a refusal of scopes or of `prompt`, if `state` and issuer hold, and where
/// the request has no scope on any refusal: an error page is one as well.
pub fn look(replay: &Replay, authorization: &AuthorizationRequest) -> Result<Option<StatedError>> {
    let refusal = looked_at(replay, authorization)?;
    let without_scope = authorization.pending.plan.requested().is_empty();
    let may_help = |refusal: &StatedError| {
        refusal.error.as_deref() == Some("invalid_scope")
            || repair::refuses_consent_prompt(refusal, &authorization.pending)
    };
    Ok(refusal.filter(|refusal| without_scope || may_help(refusal)))
}

/// What the authorization endpoint says of a request without any person: an error, which an error page is as well.
fn looked_at(replay: &Replay, authorization: &AuthorizationRequest) -> Result<Option<StatedError>> {
    let authorization_url = authorization.url();
    let (step, party) = (Step::Authorize, Party::AuthorizationServer);
    let named_by = authorization.pending.discovery.endpoint.url();
    let answer = Exchange { replay, step, party, named_by }.look(&authorization_url)?;
    if matches!(answer.status, 400..=499) && !matches!(answer.status, 408 | 425 | 429) {
        let stated = answer.stated_error();
        // Not an OAuth error of that name: nobody vouches for a page.
        return Ok(Some(StatedError { error: None, ..stated }));
    }
    let location = answer.location.as_deref().and_then(|location| Url::join(&authorization_url, location));
    let response = location.and_then(|location| authorization::read(location.as_str(), &authorization.pending).ok());
    Ok(match response {
        Some(AuthorizationResponse::Refused(refusal)) => Some(refusal),
        _ => None,
    })
}

/// Whether a refusal says, without any person, that the authorization server does not know this client.
pub fn is_of_client(refusal: &StatedError) -> bool {
    matches!(refusal.error.as_deref(), None | Some("invalid_client" | "unauthorized_client"))
}

/// What the authorization server says of a request that no person makes. A server that cannot be looked at says nothing.
pub fn refusal_without_person(
    replay: &Replay,
    discovery: &Arc<Discovery>,
    client: &Arc<ClientRegistration>,
    plan: &ScopePlan,
    settings: &ServerSettings,
) -> Option<StatedError> {
    let (discovery, client, attempts) = (discovery.clone(), client.clone(), Attempts::default());
    let request =
        authorization::request(discovery, client, plan, settings, random(replay).ok()?, attempts, replay.now());
    looked_at(replay, &request.ok()?).ok()?
}

/// The client as it turns out to be where a request is refused on a page for its `prompt=consent` alone: without it, there
/// is another answer.
pub fn without_consent_prompt(
    replay: &Replay,
    discovery: &Arc<Discovery>,
    client: &Arc<ClientRegistration>,
    plan: &ScopePlan,
    settings: &ServerSettings,
) -> Option<Arc<ClientRegistration>> {
    let is_offline = client.plan(plan).requested().contains(OFFLINE_ACCESS);
    let is_ours = settings.consent_prompt.is_none() && client.consent_prompt_refused.is_none();
    let client = Some(client.refusing_consent_prompt()).filter(|_| is_offline && is_ours)?;
    refusal_without_person(replay, discovery, &client, plan, settings).is_none().then_some(client)
}

/// Whether a request without scope that was declined is declined without any person as well: then it was for want of a
/// scope, and nobody said no.
pub fn is_refused_unseen(
    replay: &Replay,
    refusal: &StatedError,
    pending: &PendingAuthorization,
    settings: &ServerSettings,
) -> bool {
    if refusal.error.as_deref() != Some("access_denied") || !is_doubtful(pending) {
        return false;
    }
    let PendingAuthorization { discovery, registration, plan, .. } = pending;
    refusal_without_person(replay, discovery, registration, plan, settings).is_some()
}

/// What a request needs: for PKCE, `state` and `nonce`.
pub fn random(replay: &Replay) -> Result<[[u8; 32]; 3]> {
    Ok([replay.random()?, replay.random()?, replay.random()?])
}
