//! What is known of the servers when a sign-in begins, and what is asked of them beside what has to be asked anyway.

use std::sync::Arc;

use crate::connection::contract::{AskAheadInput, Consent, SignInInput};
use crate::connection::stored::{self, KeptRegistration, Place, Progress};
use crate::data::error::{Code, Error, Kind, Result, Step};
use crate::data::identifier::{Endpoint, Issuer};
use crate::data::printable::filled;
use crate::data::record::AsJson;
use crate::flow::discover::{self, DiscoverInput};
use crate::flow::effect::Effect;
use crate::flow::replay::Replay;
use crate::protocol::authorization::PendingAuthorization;
use crate::protocol::challenge::Challenge;
use crate::protocol::discovery::{Discovery, KeptDiscovery};
use crate::protocol::registration::RegistrationKind;
use crate::protocol::settings::ServerSettings;
use crate::protocol::token::Session;
use crate::protocol::trace::{Event, object};
use crate::protocol::well_known;

/// A server that is busy when the person comes back from it is asked again after so long: codes count for a minute at least.
const PATIENCE_MILLISECONDS: [u64; 3] = [1000, 3000, 9000];

/// Asks for what a refusal will make necessary, beside the request that it refuses.
pub fn ask_ahead(replay: &Replay, AskAheadInput { endpoint, account }: &AskAheadInput) -> Result<bool> {
    let known = stored::known_client(&Place { endpoint, account }.clients(replay)?, replay.now());
    ask_resource_ahead(replay, endpoint, known.as_ref());
    Ok(true)
}

/// Asks for the protected resource's metadata where it was, or else where it would be looked for first; and for the client's
/// own document, where it is registered by one.
pub(crate) fn ask_resource_ahead(replay: &Replay, endpoint: &Endpoint, known: Option<&KeptRegistration>) {
    let location = known.and_then(|known| Some(known.discovery.as_ref()?.metadata_url.clone()));
    let mut urls = vec![location.unwrap_or_else(|| well_known::protected_resource_of(endpoint.url()))];
    let by_document = known.filter(|known| known.registration.kind == RegistrationKind::MetadataDocument);
    urls.extend(by_document.map(|known| known.registration.client_id.clone()));
    replay.ask_ahead(&urls);
}

/// What discovery starts from. A server that has published metadata is not believed to have none: that would send its people
/// elsewhere.
pub(crate) fn discover_input(
    endpoint: &Endpoint,
    challenge: Option<Challenge>,
    earlier: Option<&Session>,
    preferred_issuer: Option<&Issuer>,
    settings: &ServerSettings,
) -> DiscoverInput {
    let published = earlier.is_some_and(|session| session.discovery.protected_resource.metadata_url.is_some());
    let without_metadata = if published { Some(false) } else { settings.without_metadata };
    DiscoverInput {
        endpoint: endpoint.clone(),
        challenge,
        preferred_issuer: preferred_issuer.cloned(),
        settings: Some(Arc::new(ServerSettings { without_metadata, ..settings.clone() })),
    }
}

/// Whether what was kept may lead a person to the sign-in page. What the host says of the server itself counts now, and not as
/// it was; and where somebody has agreed, that was to one server.
pub(crate) fn leads_there(
    kept: &KeptDiscovery,
    input: &SignInInput,
    settings: &ServerSettings,
    has_session: bool,
) -> bool {
    let is_agreed = |agreed: &Consent| agreed.issuer == kept.authorization_server.issuer;
    // A server whose sessions just end may have a way to refresh them by now.
    let is_as_good = !has_session || kept.refreshes == Some(true);
    is_as_good
        && input.step_up != Some(true)
        && input.host.grant.is_none()
        && settings.authorization_server_metadata.is_none()
        && input.agreed.as_ref().is_none_or(is_agreed)
}

/// What is to be known of the servers now. `kept`: what was found before, by which a person may be sent; whether it was used
/// is the second answer.
pub(crate) fn discovered(
    replay: &Replay,
    mut input: DiscoverInput,
    earlier: Option<&Session>,
    kept: Option<&KeptDiscovery>,
) -> Result<(Arc<Discovery>, bool)> {
    let issuer = kept.map(|kept| &kept.authorization_server.issuer);
    let kept = kept.filter(|_| input.preferred().is_none_or(|preferred| Some(preferred) == issuer));
    input.preferred_issuer = input.preferred_issuer.or(kept.and(issuer).cloned());
    let location = kept.map(|kept| &kept.metadata_url);
    let resource = replay.once(|| discover::discover_resource(replay, &input, location));
    let resource = resource.map_err(|error| error.at(Step::Discover))?;
    let known = earlier.map(|session| &session.discovery.authorization_server);
    let known = known.or(kept.map(|kept| &kept.authorization_server));
    if let Some(kept) = kept.filter(|kept| kept.is_of(&resource)).filter(|_| replay.may_go_by_kept()) {
        let issuer = kept.authorization_server.issuer.as_str();
        let details = object().with("issuer", issuer.into()).with("readAt", kept.read_at.to_json());
        replay.trace(Event::decision(Step::Discover, &filled("signs in at {}, as found before", &[issuer]), details));
        let (endpoint, challenge, authorization_server) =
            (input.endpoint, input.challenge, kept.authorization_server.clone());
        return Ok((
            Arc::new(Discovery { endpoint, challenge, protected_resource: resource, authorization_server }),
            true,
        ));
    }
    let discovery = replay.once(|| {
        discover::discover_issuer(replay, &input, resource.clone(), known.map(|known| &**known)).map(Arc::new)
    });
    Ok((discovery.map_err(|error| error.at(Step::Discover))?, false))
}

/// The discovery by which a person was sent, with the authorization server as it is now, and whether that is the same in all
/// that counts. Where it is not, what the person came back with is thrown away, and what was kept is forgotten.
pub(crate) fn confirmed(
    replay: &Replay,
    place: &Place,
    settings: &ServerSettings,
    (pending, progress): (&PendingAuthorization, &mut Progress),
) -> Result<(Arc<Discovery>, bool)> {
    let sent_by = &*pending.discovery;
    let (Discovery { endpoint, challenge, .. }, before) = (sent_by, &sent_by.authorization_server);
    let input = discover_input(endpoint, challenge.clone(), None, None, settings);
    let mut now = discover::read_again(replay, &input, before);
    for milliseconds in PATIENCE_MILLISECONDS {
        let is_busy =
            |error: &Error| matches!(error.code, Code::NetworkFailed | Code::TimedOut | Code::ServerUnavailable);
        if now.as_ref().is_err_and(|error| is_busy(error)) {
            replay.perform(Effect::Wait { milliseconds })?;
            now = discover::read_again(replay, &input, before);
        }
    }
    let differs = match &now {
        Ok(now) => now.differs_from(before),
        Err(error) => (error.kind() != Kind::Transport).then_some("metadata"),
    };
    if let Some(member) = differs {
        let summary = filled("throws the answer away: the authorization server has another {} now", &[member]);
        let details = object().with("issuer", before.issuer.to_json()).with("member", member.into());
        replay.trace(Event::decision(Step::Callback, &summary, details));
        place.change_client(replay, &before.issuer, settings, None, &|there| {
            there.map(|kept| KeptRegistration { discovery: None, ..kept })
        })?;
    }
    if now.as_ref().is_err_and(|error| error.kind() == Kind::Transport) {
        // The code went nowhere: who brings the response again gets on.
        progress.unconfirmed = Some(true);
        place.store_pending(replay, pending, progress)?;
    }
    let authorization_server = now.map_err(|error| error.at(Step::Discover))?;
    Ok((Arc::new(Discovery { authorization_server, ..sent_by.clone() }), differs.is_none()))
}

/// Keeps what has led to a session with its client, for the next sign-in.
pub(crate) fn keep_found(replay: &Replay, place: &Place, settings: &ServerSettings, session: &Session) -> Result<()> {
    let found = KeptDiscovery::of(
        &session.discovery,
        session.sign_in.clone(),
        session.tokens.refresh_token.as_ref().map(|_| true),
        replay.now(),
    );
    let Some(found) = found else { return Ok(()) };
    place.change_client(replay, &found.authorization_server.issuer, settings, None, &|there| {
        let mut kept = there?;
        if kept.registration.client_id == session.registration.client_id {
            kept.discovery = Some(found.clone());
        }
        Some(kept)
    })
}
