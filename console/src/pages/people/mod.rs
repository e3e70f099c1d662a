//! People: signing in and out, and proving anew who one is.

pub mod confirm;
pub mod sign_in;

use crate::authz::Need::{Nothing, SignIn};
use crate::router::{Route, route};

/// The addresses of this area.
pub fn routes() -> Vec<Route> {
    vec![
        route!(GET "/sign-in", Nothing, sign_in::form),
        route!(POST "/sign-in", Nothing, sign_in::submit),
        route!(POST "/sign-out", SignIn, sign_in::leave),
        route!(GET "/confirm", SignIn, confirm::page),
        route!(POST "/confirm", SignIn, confirm::submit),
    ]
}
