//! What holds for every scope plan, whatever challenges, documents, registrations and histories there are.
#![cfg(not(target_arch = "wasm32"))]

use mcp_oauth_wasm::data::scope::ScopeSet;
use mcp_oauth_wasm::protocol::scope_plan::{self, OFFLINE_ACCESS, Purpose, ScopePlan, ScopeSources};
use proptest::prelude::*;

/// Few names, so that sets overlap; commas and URLs, since scopes are opaque.
fn scopes() -> impl Strategy<Value = ScopeSet> {
    let names = ["openid", "profile", "email", "files:read", "files:write", "api://x/read", "a,b", OFFLINE_ACCESS];
    proptest::sample::subsequence(names.to_vec(), 0..names.len())
        .prop_shuffle()
        .prop_map(|chosen| chosen.into_iter().collect())
}

fn named() -> impl Strategy<Value = Option<ScopeSet>> {
    proptest::option::of(scopes().prop_filter("a source names something or is absent", |set| !set.is_empty()))
}

fn sources() -> impl Strategy<Value = ScopeSources> {
    (named(), named(), named(), named(), any::<bool>(), named()).prop_map(
        |(challenge, protected_resource, host, host_optional, refresh, authorization_server)| ScopeSources {
            challenge,
            protected_resource,
            host,
            host_optional,
            refresh: Some(refresh),
            authorization_server,
            ..ScopeSources::default()
        },
    )
}

/// One thing that happens to a plan.
#[derive(Clone, Debug)]
enum Happening {
    Registered(Option<ScopeSet>),
    Refused(ScopeSet),
    Granted(Option<ScopeSet>),
    PlannedAgain(Box<ScopeSources>),
}

fn history() -> impl Strategy<Value = Vec<Happening>> {
    let happening = prop_oneof![
        proptest::option::of(scopes()).prop_map(Happening::Registered),
        scopes().prop_map(Happening::Refused),
        proptest::option::of(scopes()).prop_map(Happening::Granted),
        sources().prop_map(|sources| Happening::PlannedAgain(Box::new(sources))),
    ];
    proptest::collection::vec(happening, 0..6)
}

fn replay(first: &ScopeSources, history: &[Happening]) -> std::sync::Arc<ScopePlan> {
    history.iter().fold(scope_plan::plan(first, None), |plan, happening| match happening {
        Happening::Registered(told) => plan.within(told.as_ref()),
        Happening::Refused(refused) => plan.refusing(refused),
        Happening::Granted(answered) => plan.granting(answered.as_ref()),
        Happening::PlannedAgain(sources) => scope_plan::plan(sources, Some(&plan)),
    })
}

fn subset(inner: &ScopeSet, outer: &ScopeSet) -> bool {
    inner.iter().all(|scope| outer.contains(scope))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_first_request_is_within_what_the_registration_names(first in sources(), history in history(), told in scopes()) {
        let plan = replay(&first, &history).within(Some(&told));
        prop_assert!(subset(&plan.requested(), &told));
    }

    #[test]
    fn what_is_asked_for_outright_is_what_somebody_insists_on(
        first in sources(), history in history(), told in scopes(), insisted in scopes(),
    ) {
        let plan = replay(&first, &history).insisting(&insisted).within(Some(&told));
        prop_assert!(subset(&plan.requested(), &told.union(&insisted)));
        prop_assert!(subset(&plan.outright(), &insisted.without(&told)));
    }

    #[test]
    fn what_the_host_declared_is_never_exceeded(
        first in sources(), history in history(), told in scopes(), insisted in scopes(),
    ) {
        let plan = replay(&first, &history).insisting(&insisted).within_declared(Some(&told));
        prop_assert!(subset(&plan.requested(), &told));
    }

    #[test]
    fn what_is_required_is_requested_or_not_named_or_refused(first in sources(), history in history(), told in proptest::option::of(scopes())) {
        let plan = replay(&first, &history).within(told.as_ref());
        for scope in plan.required().iter() {
            let is_ours = scope == OFFLINE_ACCESS && plan.requested().is_empty();
            let fates = [plan.requested().contains(scope), plan.missing().contains(scope), plan.not_named().contains(scope)];
            prop_assert!(is_ours || fates.iter().filter(|fate| **fate).count() == 1);
        }
    }

    #[test]
    fn what_the_challenge_demands_is_required(first in sources(), history in history(), now in sources()) {
        let plan = scope_plan::plan(&now, Some(&replay(&first, &history)));
        prop_assert!(subset(&now.challenge.unwrap_or_default(), &plan.required()));
    }

    #[test]
    fn a_refused_scope_is_not_requested_again_unless_it_was_registered_since(
        first in sources(), history in history(), refused in scopes(), now in sources(), told in scopes(),
    ) {
        let plan = scope_plan::plan(&now, Some(&replay(&first, &history).refusing(&refused)));
        let known: ScopeSet = replay(&first, &history).scopes.iter().map(|scope| scope.scope.as_str()).collect();
        for scope in refused.iter().filter(|scope| known.contains(scope)) {
            prop_assert!(!plan.requested().contains(scope));
            prop_assert!(!plan.within(None).requested().contains(scope));
            prop_assert!(!plan.within(Some(&told)).requested().contains(scope) || told.contains(scope));
        }
    }

    #[test]
    fn a_step_up_keeps_what_was_requested_and_granted_in_its_order(first in sources(), history in history(), now in sources()) {
        let earlier = replay(&first, &history);
        let kept: Vec<&str> = earlier.scopes.iter().map(|scope| scope.scope.as_str()).collect();
        let plan = scope_plan::plan(&now, Some(&earlier));
        let planned: Vec<&str> = plan.scopes.iter().map(|scope| scope.scope.as_str()).collect();
        prop_assert!(planned.starts_with(&kept));
        let refused: ScopeSet = plan.scopes.iter().filter(|scope| scope.refused).map(|scope| scope.scope.as_str()).collect();
        let before = earlier.requested().union(&earlier.granted()).without(&refused);
        prop_assert!(subset(&before.without(&ScopeSet::read(OFFLINE_ACCESS)), &plan.requested()));
    }

    #[test]
    fn planning_is_deterministic_and_idempotent(first in sources(), history in history(), now in sources()) {
        let earlier = replay(&first, &history);
        let once = scope_plan::plan(&now, Some(&earlier));
        prop_assert_eq!(&once, &scope_plan::plan(&now, Some(&earlier)));
        let twice = scope_plan::plan(&now, Some(&once));
        prop_assert_eq!(once.requested(), twice.requested());
        prop_assert_eq!(once.to_register(), twice.to_register());
    }

    #[test]
    fn no_plan_grows_without_a_cause(first in sources(), history in history(), now in sources()) {
        let earlier = replay(&first, &history);
        let plan = scope_plan::plan(&now, Some(&earlier));
        let known: ScopeSet = earlier.scopes.iter().map(|scope| scope.scope.as_str()).collect();
        let causes = [now.challenge, now.protected_resource, now.host, now.host_optional]
            .into_iter()
            .flatten()
            .fold(known.union(&ScopeSet::read(OFFLINE_ACCESS)), |all, set| all.union(&set));
        let planned: ScopeSet = plan.scopes.iter().map(|scope| scope.scope.as_str()).collect();
        prop_assert!(subset(&planned, &causes));
    }

    #[test]
    fn the_authorization_servers_catalogue_is_never_requested(first in sources()) {
        let plan = scope_plan::plan(&first, None);
        let named = [first.challenge, first.protected_resource, first.host, first.host_optional]
            .into_iter()
            .flatten()
            .fold(ScopeSet::read(OFFLINE_ACCESS), |all, set| all.union(&set));
        prop_assert!(subset(&plan.to_register(), &named));
    }

    #[test]
    fn registration_asks_for_everything_that_is_requested_and_for_nothing_without_a_request(first in sources(), history in history()) {
        let plan = replay(&first, &history);
        if plan.to_register().is_empty() {
            prop_assert!(plan.requested().is_empty());
        } else {
            prop_assert!(subset(&plan.requested(), &plan.to_register()));
        }
    }

    #[test]
    fn what_is_left_out_is_not_registered_and_what_was_refused_only_if_it_is_required(first in sources(), history in history()) {
        let plan = replay(&first, &history);
        for scope in &plan.scopes {
            let unwanted = scope.purpose == Purpose::LeftOut || (scope.refused && !scope.required);
            prop_assert!(!unwanted || !plan.to_register().contains(&scope.scope));
        }
    }

    #[test]
    fn granted_is_what_the_answer_says_or_else_what_was_requested(first in sources(), history in history(), answered in scopes()) {
        let plan = replay(&first, &history);
        let granted = plan.granting(Some(&answered)).granted();
        prop_assert!(subset(&granted, &answered) && subset(&answered, &granted));
        prop_assert_eq!(plan.granting(None).granted(), plan.requested());
    }

    #[test]
    fn a_plan_survives_storage(first in sources(), history in history()) {
        use mcp_oauth_wasm::data::record::{self, AsJson};
        let plan = replay(&first, &history);
        prop_assert_eq!(&record::read::<ScopePlan>(&plan.to_json()).unwrap(), plan.as_ref());
    }
}

#[test]
fn what_a_resource_lists_is_requested_once_where_nothing_was_requested_before() {
    let listing = |listed| ScopeSources { protected_resource: Some(ScopeSet::read(listed)), ..ScopeSources::default() };
    // Without a host that wants to stay signed in, this one is left out.
    let nothing_requested = scope_plan::plan(&listing(OFFLINE_ACCESS), None);
    let first = scope_plan::plan(&listing("read offline_access"), Some(&nothing_requested));
    assert_eq!(first.requested(), ScopeSet::read("read"));
    let next = scope_plan::plan(&listing("read write"), Some(&first));
    assert_eq!(next.requested(), ScopeSet::read("read"));
    assert_eq!(next.to_register(), ScopeSet::read("read write"));
}

#[test]
fn a_set_takes_a_thousand_scopes_and_none_more() {
    let mut all: Vec<String> = Vec::new();
    for count in 0..1001 {
        all.push(["scope", &count.to_string()].concat());
    }
    let set = ScopeSet::read(&all.join(" "));
    assert_eq!(set.iter().count(), 1000);
    assert!(set.contains("scope999") && !set.contains("scope1000"));
}
