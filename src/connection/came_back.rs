//! Where the person came back: what was stored is taken up, in the process that sent them, after a restart, or in another one.

use crate::connection::contract::{CameBackInput, SignInOutcome};
use crate::connection::discovered::confirmed;
use crate::connection::redirect_owner::Ownership;
use crate::connection::sign_in::SignIn;
use crate::connection::stored::{self, KeptPending, Place, Progress};
use crate::data::error::{Code, Error, Result, Step};
use crate::data::http::Parameters;
use crate::data::url::Url;
use crate::flow::replay::Replay;
use crate::flow::steps::{self, CompleteInput, Completion, SignedIn};
use crate::protocol::authorization::PendingAuthorization;

/// Goes on where the person came back, wherever that is. What waited is taken: a response counts once.
pub fn came_back(replay: &Replay, input: &CameBackInput) -> Result<SignInOutcome> {
    let CameBackInput { callback_url, .. } = input;
    let state = Url::parse(callback_url)
        .filter(|_| callback_url.trim_ascii() == callback_url)
        .and_then(|url| Parameters::read(url.query()).get("state").map(str::to_owned));
    let kept = replay.once(|| Ok(state.map(|state| stored::take_pending(replay, &state)).transpose()?.flatten()))?;
    let is_of_account = |kept: &KeptPending| input.account.as_ref().is_none_or(|account| *account == kept.account);
    let Some(KeptPending { endpoint, account, pending, progress, .. }) = kept.filter(is_of_account) else {
        let message = "The authorization response belongs to no sign-in of this account that is waiting: its `state` is missing, unknown, used or another account's. It was ignored.";
        return Err(Error::new(Code::StateMismatch, message, &[]).at(Step::Callback));
    };
    let place = Place { endpoint: &endpoint, account: &account };
    let mut progress = progress;
    if let (Some(began), Some(own)) = (&progress.id, &input.id)
        && began != own
        && replay.once(|| Ok(place.take_over_sign_in(replay, began, own)))?
    {
        progress.id = Some(own.clone());
    }
    let id = progress.id.clone();
    let outcome = completed(replay, input, place, pending, progress);
    if let Some(id) = id.filter(|_| !matches!(outcome, Ok(SignInOutcome::SignedIn(_) | SignInOutcome::Authorize(_)))) {
        let is_no = outcome.as_ref().is_err_and(|error| error.detail("error") == "access_denied");
        let _ = Place { endpoint: &endpoint, account: &account }.end_sign_in(replay, &id, true, is_no);
    }
    outcome
}

fn completed(
    replay: &Replay,
    CameBackInput { callback_url, host, .. }: &CameBackInput,
    place: Place,
    pending: PendingAuthorization,
    progress: Progress,
) -> Result<SignInOutcome> {
    let mut sign_in = SignIn {
        replay,
        place,
        host,
        settings: host.settings.clone().unwrap_or_default(),
        discovery: pending.discovery.clone(),
        plan: pending.plan.clone(),
        client: Some(pending.registration.clone()),
        redirect_uri: pending.registration.redirect_uri.clone(),
        listed: None,
        clients: None,
        kept: Some(pending.registration.clone()),
        progress,
        replaces: None,
    };
    if let Some(uri) = &sign_in.redirect_uri {
        Ownership::new(&pending.discovery.authorization_server, &sign_in.settings).require(replay, uri)?;
    }
    let mut pending = pending;
    if sign_in.progress.unconfirmed.take().is_some() {
        replay.set_attempts(pending.attempts);
        let (now, is_same) = confirmed(replay, &sign_in.place, &sign_in.settings, (&pending, &mut sign_in.progress))?;
        // A no is one wherever it was said: nobody is asked again by themselves.
        let is_no = Url::parse(callback_url)
            .is_some_and(|url| Parameters::read(url.query()).get("error") == Some("access_denied"));
        if is_same {
            (sign_in.discovery, pending.discovery) = (now.clone(), now);
        } else if !is_no {
            sign_in.discovery = now;
            return sign_in.run();
        }
    }
    // The person came back with this client, whatever is registered from here on.
    let sent_with = sign_in.client.clone();
    let completion = steps::complete(
        replay,
        &CompleteInput {
            client: sign_in.description(),
            settings: host.settings.clone(),
            pending,
            callback_url: callback_url.clone(),
        },
    );
    match completion.map_err(|error| error.at(Step::Token)) {
        Ok(Completion::SignedIn(SignedIn { session })) => sign_in.finish(session),
        Ok(Completion::AuthorizeAgain(begun)) => {
            sign_in
                .keep_answered(sent_with.filter(|client| client.client_id != begun.pending.registration.client_id))?;
            sign_in.send_person(begun)
        }
        Err(error) => {
            sign_in.keep_answered(sent_with)?;
            if matches!(error.code, Code::TokenRefused | Code::UnexpectedStatus) {
                sign_in.count_refused_code()?;
            }
            sign_in.keep_learnt()?;
            if sign_in.change_after(&error)? { sign_in.run() } else { Err(error) }
        }
    }
}
