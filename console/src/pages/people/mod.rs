//! People: signing in and out, proving anew who one is, one's own means of signing in, staff.

pub mod arrival;
pub mod confirm;
pub mod enrol;
pub mod entry;
pub mod invite;
pub mod logout;
pub mod provider;
pub mod second;
pub mod security;
pub mod sign_in;
pub mod staff;

use crate::authz::Need::{May, Nothing, Recent, RecentSignIn, SignIn};
use crate::authz::{Matter, Permission};
use crate::router::{Route, route};

/// Managing people at once, without a second person: what only takes away, and the hand-over of
/// what a second person agreed to.
const MANAGE: crate::authz::Need = Recent(Permission::Ask(Matter::Staff));

/// The addresses of this area.
pub fn routes() -> Vec<Route> {
    vec![
        route!(GET "/sign-in", Nothing, sign_in::form),
        route!(POST "/sign-in", Nothing, sign_in::submit),
        route!(POST "/sign-in/passkey", Nothing, sign_in::with_passkey),
        route!(POST "/sign-in/provider", Nothing, provider::sign_in),
        route!(GET "/sign-in/provider/back", Nothing, provider::back),
        route!(POST "/sign-in/provider/out", Nothing, logout::receive),
        route!(GET "/sign-in/second", Nothing, second::form),
        route!(POST "/sign-in/second", Nothing, second::submit),
        route!(POST "/sign-out", SignIn, sign_in::leave),
        route!(GET "/invite", Nothing, invite::form),
        route!(POST "/invite", Nothing, invite::submit),
        route!(POST "/invite/provider", Nothing, provider::take_up),
        route!(GET "/confirm", SignIn, confirm::page),
        route!(POST "/confirm", SignIn, confirm::submit),
        route!(POST "/confirm/provider", SignIn, provider::confirm),
        route!(GET "/security", SignIn, security::page),
        route!(POST "/security/password", SignIn, security::change_password),
        route!(POST "/security/sessions/{session_id}/end", RecentSignIn, security::end_session),
        route!(POST "/security/sessions/end-others", RecentSignIn, security::end_others),
        route!(POST "/security/provider", RecentSignIn, provider::link),
        route!(POST "/security/provider/remove", RecentSignIn, provider::unlink),
        route!(GET "/security/totp", RecentSignIn, enrol::totp_form),
        route!(POST "/security/totp", RecentSignIn, enrol::totp_save),
        route!(POST "/security/totp/remove", RecentSignIn, enrol::totp_remove),
        route!(GET "/security/passkeys/new", RecentSignIn, enrol::passkey_form),
        route!(POST "/security/passkeys", RecentSignIn, enrol::passkey_save),
        route!(POST "/security/passkeys/{passkey_id}/remove", RecentSignIn, enrol::passkey_remove),
        route!(POST "/security/recovery", RecentSignIn, enrol::recovery),
        route!(GET "/staff", May(Permission::SeeStaff), staff::list),
        route!(GET "/staff/{login}", May(Permission::SeeStaff), staff::one),
        route!(POST "/staff/{login}/code", MANAGE, staff::code),
        route!(POST "/staff/{login}/sessions/end", MANAGE, staff::end_sessions),
        route!(POST "/staff/{login}/sessions/{session_id}/end", MANAGE, staff::end_session),
    ]
}
