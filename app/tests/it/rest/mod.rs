//! REST and the admin API over real sockets, against a real platform with a journal in a
//! temporary directory. Postgres is away in these tests: nothing here may need it, and
//! history must say so.

mod admin;
mod bad_input;
mod flow;
mod keys;
mod kinds;
mod overload;
mod requests;
mod routes;
mod rules;
mod sockets;
mod tokens;
mod world;

/// Codes that no client can provoke on purpose; where they come from is tested beside it.
const ELSEWHERE: [&str; 3] = ["internal_error", "timeout", "not_initialised"];

/// Rules that take a market in a state of its own; the engine's tests provoke each of them.
const RULES: [&str; 3] = ["short_sale_restricted", "amend_not_allowed", "trade_changed"];

#[test]
fn every_documented_code_is_provoked_by_a_test() {
    let tests = [
        include_str!("admin.rs"),
        include_str!("bad_input.rs"),
        include_str!("keys.rs"),
        include_str!("kinds.rs"),
        include_str!("overload.rs"),
        include_str!("requests.rs"),
        include_str!("../requests.rs"),
        include_str!("../back_office.rs"),
        include_str!("rules.rs"),
        include_str!("sockets.rs"),
        include_str!("tokens.rs"),
    ]
    .concat();
    for code in zaraba::intake::http::error::Code::ALL {
        let code = code.as_str();
        let provoked = tests.contains(&format!("\"{code}\""));
        assert_ne!(provoked, ELSEWHERE.contains(&code) || RULES.contains(&code), "{code}");
    }
}
