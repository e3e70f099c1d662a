//! Maker and checker: what one person asks for and another decides, and what a person does at
//! once, as one mechanism. A kind of action says what it is (`action`, `kinds`); the desk says
//! who may (`desk`); the workers carry out what was approved until its outcome is known
//! (`worker`) and tell those who want to be told (`hooks`).

pub mod action;
mod desk;
pub mod form;
pub mod hooks;
pub mod kinds;
pub mod preview;
mod worker;

pub use action::{Action, KINDS, Outcome, Provenance, kind};
pub use desk::{Ask, Asked, Decided, Verdict, approve, ask, decline, looked_at, withdraw};
pub use preview::{Preview, Value};
pub use worker::start;

use tokio::sync::Notify;

use crate::authz::{Matter, Permission, Person};
use crate::store::requests::Reader;
use crate::view::View;

/// Longest reason in bytes, as the journal keeps it.
pub const REASON: usize = 255;

/// Wakes the workers of this console when there is something to do.
#[derive(Debug, Default)]
pub struct Desk {
    /// Something is to be carried out.
    pub work: Notify,
    /// Something is to be told.
    pub news: Notify,
}

/// Address of the form of a kind, with fields filled in: `link("halt", &[("symbol", "7203")])`.
pub fn link(kind: &str, fields: &[(&str, &str)]) -> String {
    let mut link = format!("/requests/new?kind={}", crate::guard::form_encode(kind));
    for (name, value) in fields {
        link.push_str(&format!("&{name}={}", crate::guard::form_encode(value)));
    }
    link
}

/// A fresh id of a request.
pub fn fresh_id() -> String {
    let random = crate::session::random();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&random[..16]);
    uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()
}

/// An id of a request, in its one way of writing.
pub fn id(text: &str) -> Option<String> {
    uuid::Uuid::parse_str(text).ok().map(|id| id.to_string())
}

/// What a signed-in person may see and decide.
pub fn reader(view: &View) -> Option<Reader> {
    let person = view.person.as_ref()?;
    if !person.may(Permission::SeeRequests) {
        return None;
    }
    let matters = |may: fn(&Person, Matter) -> bool| {
        Matter::ALL
            .into_iter()
            .filter(|matter| may(person, *matter))
            .map(|matter| matter.as_str().to_owned())
            .collect()
    };
    Some(Reader {
        staff_id: person.staff_id,
        sees: matters(|person, matter| person.may(matter.seen_with())),
        decides: matters(|person, matter| person.may(Permission::Decide(matter))),
        scope: person.scope.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_carry_their_fields() {
        assert_eq!(
            link("halt", &[("symbol", "A B&C")]),
            "/requests/new?kind=halt&symbol=A%20B%26C"
        );
    }

    #[test]
    fn ids_are_random_and_have_one_way_of_writing() {
        let (a, b) = (fresh_id(), fresh_id());
        assert_ne!(a, b);
        assert_eq!(id(&a.to_uppercase()), Some(a));
        assert_eq!(id("17"), None);
    }
}
