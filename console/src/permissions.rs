//! The table of who may what, as a document: made from the roles and the routes themselves, so
//! that it cannot say anything else than what is in force.

use std::fmt::Write;

use crate::authz::{Matter, Need, Permission, Role};
use crate::router::routes;

/// Every permission, in the order of the document.
fn permissions() -> Vec<Permission> {
    use Permission::*;
    let mut all = vec![
        SeeMarket,
        SeeOrders,
        SeeAccounts,
        SeeRisk,
        SeeRequests,
        SeeAudit,
        SeeFlags,
        SeeStaff,
        Export,
        CancelOrder,
        CancelMany,
        Kill,
    ];
    all.extend(Matter::ALL.map(Ask));
    all.extend(Matter::ALL.map(Decide));
    all
}

fn need_in_words(need: Need) -> String {
    match need {
        Need::Nothing => "nothing".into(),
        Need::SignIn => "sign-in".into(),
        Need::RecentSignIn => "sign-in, proved recently".into(),
        Need::May(permission) => format!("{permission:?}"),
        Need::Recent(permission) => format!("{permission:?}, proved recently"),
        Need::Both(one, other) => format!("{one:?} and {other:?}"),
    }
}

fn meets(role: Role, need: Need) -> bool {
    match need {
        Need::Nothing | Need::SignIn | Need::RecentSignIn => true,
        Need::May(permission) | Need::Recent(permission) => role.may(permission),
        Need::Both(one, other) => role.may(one) && role.may(other),
    }
}

fn row(out: &mut String, head: &str, has: impl Fn(Role) -> bool) {
    let cells = Role::ALL.map(|role| if has(role) { " yes |" } else { " |" });
    // Writing to a string does not fail.
    let _ = writeln!(out, "| {head} |{}", cells.concat());
}

/// The document.
pub fn table() -> String {
    let roles = Role::ALL.map(|role| format!(" {} |", role.as_str())).concat();
    let rule = "---|".repeat(Role::ALL.len());
    let mut out = String::from(
        "# Who may what in the console\n\n\
         Made by `zaraba-console permissions` from the program's own tables. A person's roles add up. Pages that need a sign-in only are open to every role and \
         to a person without one. Which kinds of requests a person may ask for and decide, and \
         whose business they may see (information barriers), is looked at beyond this table.\n\n",
    );
    let _ = writeln!(out, "## Permissions by role\n\n| permission |{roles}\n|---|{rule}");
    for permission in permissions() {
        row(&mut out, &format!("{permission:?}"), |role| role.may(permission));
    }
    let _ = writeln!(out, "\n## Addresses by role\n\n| address | needs |{roles}\n|---|---|{rule}");
    for route in routes() {
        let head = format!("{} `{}` | {}", route.method, route.path, need_in_words(route.need));
        row(&mut out, &head, |role| meets(role, route.need));
    }
    out
}
