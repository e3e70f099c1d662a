//! The audit trail: search, one entry with its place in the chain, files, verification.

mod entry;
mod files;
mod list;
mod verify;

use crate::audit::store::Stored;
use crate::audit::{Kind, OBJECT_KINDS};
use crate::authz::Need::{Both, May};
use crate::authz::Permission::{self, Export, SeeAudit};
use crate::guard::form_encode;
use crate::i18n::U;
use crate::router::{Route, route};
use crate::view::View;

/// The addresses of the trail.
pub fn routes() -> Vec<Route> {
    vec![
        route!(GET "/audit", May(SeeAudit), list::page),
        route!(GET "/audit/csv", Both(SeeAudit, Export), files::csv),
        route!(GET "/audit/jsonl", Both(SeeAudit, Export), files::jsonl),
        route!(GET "/audit/verify", May(SeeAudit), verify::page),
        route!(POST "/audit/verify", May(SeeAudit), verify::start),
        route!(GET "/audit/verify/state", May(SeeAudit), verify::state),
        route!(GET "/audit/{entry}", May(SeeAudit), entry::page),
    ]
}

/// An entry as pages show it.
struct Line {
    seq: i64,
    at: jiff::Timestamp,
    login: String,
    kind: &'static str,
    object: &'static str,
    object_id: String,
    href: Option<String>,
    address: String,
    detail: String,
}

impl Line {
    fn of(view: &View, entry: &Stored) -> Line {
        let c = &entry.content;
        Line {
            seq: c.seq,
            at: c.at,
            login: c.login.clone(),
            // A newer console's kind still has its text.
            kind: Kind::parse(&c.kind).map_or("?", |kind| view.t(kind)),
            object: object_kind(view, &c.object_kind),
            href: href(view, &c.object_kind, &c.object_id),
            object_id: c.object_id.clone(),
            address: c.address.clone(),
            detail: if c.detail == "{}" { String::new() } else { c.detail.clone() },
        }
    }
}

/// A kind of object in the reader's language.
fn object_kind(view: &View, kind: &str) -> &'static str {
    let message = match kind {
        "account" => U::KindAccount,
        "order" => U::KindOrder,
        "instrument" => U::KindInstrument,
        "staff" => U::KindStaff,
        "request" => U::KindRequest,
        "list" => U::KindList,
        _ => U::KindNone,
    };
    view.t(message)
}

/// The object's own page, where there is one that the reader may open.
fn href(view: &View, kind: &str, id: &str) -> Option<String> {
    let (path, needs) = match kind {
        "account" => ("/accounts/", Permission::SeeAccounts),
        "order" => ("/orders/", Permission::SeeOrders),
        "instrument" => ("/books/", Permission::SeeMarket),
        "request" => ("/requests/", Permission::SeeRequests),
        "staff" => ("/staff/", Permission::SeeStaff),
        _ => return None,
    };
    view.may(needs).then(|| format!("{path}{}", form_encode(id)))
}

/// Kinds of objects with their names, for the filter.
fn object_kinds(view: &View) -> Vec<(&'static str, &'static str)> {
    OBJECT_KINDS.iter().map(|kind| (*kind, object_kind(view, kind))).collect()
}
