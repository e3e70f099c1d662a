//! What somebody's return from the identity provider leads to, by what it was begun for.

use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use serde_json::json;

use super::entry::{self, Proved};
use super::provider::{Flow, Purpose, Returned, confirmed, problem, provider, told};
use super::security::{note, person};
use crate::app::App;
use crate::audit::{self, Entry, Kind, Object, Who};
use crate::client::Client;
use crate::error::Failure;
use crate::i18n::P;
use crate::people::proof::Method;
use crate::people::provider::{Refused, Subject};
use crate::session::{self, Token};
use crate::store::identities::{self, Taken};
use crate::store::{factors, failures, sessions};
use crate::view::View;

/// Why a return leads nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trouble {
    /// The provider cannot be reached, or answers rubbish.
    Away,
    /// What came back does not hold.
    Wrong,
    /// The provider, or the person there, said no.
    Denied,
    /// The subject is nobody here.
    Unknown,
    /// The person may not sign in.
    Suspended,
    /// The subject is somebody else's here, or the person has another.
    Others,
    /// The invitation is no longer good.
    Over,
    /// Too many wrong ones from this address.
    Throttled,
}

impl Trouble {
    /// Its word in the trail and in metrics.
    fn word(self) -> &'static str {
        match self {
            Trouble::Away => "provider_away",
            Trouble::Wrong => "wrong",
            Trouble::Denied => "denied",
            Trouble::Unknown => "unknown",
            Trouble::Suspended => "suspended",
            Trouble::Others => "linked_otherwise",
            Trouble::Over => "invitation_over",
            Trouble::Throttled => "throttled",
        }
    }

    fn status(self) -> StatusCode {
        match self {
            Trouble::Away => StatusCode::BAD_GATEWAY,
            Trouble::Throttled => StatusCode::TOO_MANY_REQUESTS,
            Trouble::Others => StatusCode::CONFLICT,
            _ => StatusCode::UNAUTHORIZED,
        }
    }

    fn text(self, app: &App, view: &View) -> String {
        let name = app.provider.as_ref().map(|provider| provider.name()).unwrap_or_default();
        match self {
            Trouble::Away => view.t1(P::ProviderAway, name),
            Trouble::Wrong => view.t1(P::ProviderWrong, name),
            Trouble::Denied => view.t1(P::ProviderDenied, name),
            Trouble::Unknown => view.t1(P::ProviderUnknown, name),
            Trouble::Suspended => view.t(P::ProviderSuspended).into(),
            Trouble::Others => view.t1(P::ProviderOthers, name),
            Trouble::Over => view.t(P::InviteWrong).into(),
            Trouble::Throttled => view.t1(P::TooManyFailures, app.config.sign_in.window_minutes),
        }
    }
}

/// Follows a way to its end.
///
/// # Errors
/// When the database does not answer, or the trail cannot be written.
pub(super) async fn arrive(
    app: &App,
    client: &Client,
    headers: &HeaderMap,
    view: View,
    flow: &Flow,
    returned: &Returned,
) -> Result<Response, Failure> {
    let mut at = Arrival { app, client, headers, view, flow };
    let session = match &flow.purpose {
        Purpose::Link { session } | Purpose::Confirm { session } => Some(session),
        _ => None,
    };
    if let Some(session) = session {
        match session::of_hash(app, session, headers, flow.next.as_str()).await? {
            Some(view) => at.view = View { address: client.address.to_string(), ..view },
            None => return Ok(Redirect::to("/sign-in?ended=1").into_response()),
        }
    }
    let who = match at.who(returned).await? {
        Ok(who) => who,
        Err(trouble) => {
            let login = match &flow.purpose {
                Purpose::Invite { login, .. } => login,
                _ => "?",
            };
            return at.refuse(trouble, login).await;
        }
    };
    match &flow.purpose {
        Purpose::SignIn => at.sign_in(&who).await,
        Purpose::Invite { staff_id, login, hash } => at.take_up(&who, *staff_id, login, hash).await,
        Purpose::Link { session } => at.link(&who, session).await,
        Purpose::Confirm { session } => at.confirm(&who, session).await,
    }
}

struct Arrival<'a> {
    app: &'a App,
    client: &'a Client,
    headers: &'a HeaderMap,
    view: View,
    flow: &'a Flow,
}

impl Arrival<'_> {
    /// Who came back, if it holds. Each way counts once.
    async fn who(&self, returned: &Returned) -> Result<Result<Subject, Trouble>, Failure> {
        let (app, provider) = (self.app, provider(self.app)?);
        let network = failures::network(self.client.address);
        let limits = &app.config.sign_in;
        if failures::must_wait(&app.pool, limits, &network, "?").await? {
            return Ok(Err(Trouble::Throttled));
        }
        let other = returned.iss.as_deref().is_some_and(|iss| iss != provider.issuer());
        let found = match () {
            () if !self.flow.way.is(&returned.state) => {
                Err(Refused::Wrong("its state is another's".into()))
            }
            () if other => Err(Refused::Wrong("it is another provider's".into())),
            () if !returned.error.is_empty() => return Ok(Err(Trouble::Denied)),
            () => provider.who(&self.flow.way, &returned.code).await,
        };
        let trouble = match found {
            Ok(who) => {
                let once = app.key.mark("answered way", self.flow.way.state.as_bytes());
                if factors::answer_once(&app.pool, &once).await? {
                    return Ok(Ok(who));
                }
                Trouble::Wrong
            }
            Err(refused) => {
                told(&refused);
                match refused {
                    Refused::Away(_) => return Ok(Err(Trouble::Away)),
                    Refused::Wrong(_) => Trouble::Wrong,
                }
            }
        };
        failures::count(&app.pool, limits, &network, "?").await?;
        Ok(Err(trouble))
    }

    /// Notes that it led nowhere, and says so.
    async fn refuse(&self, trouble: Trouble, login: &str) -> Result<Response, Failure> {
        let (app, word) = (self.app, trouble.word());
        match &self.flow.purpose {
            Purpose::SignIn | Purpose::Invite { .. } => {
                entry::refuse(app, self.client, login, Method::Provider, word).await?;
            }
            Purpose::Link { .. } => {
                let detail = json!({"change": "identity_refused", "result": word});
                note(app, &self.view, Kind::Credential, detail).await?;
            }
            Purpose::Confirm { .. } => {
                let detail = json!({"result": word, "method": Method::Provider.as_str()});
                note(app, &self.view, Kind::Confirm, detail).await?;
            }
        }
        let text = trouble.text(app, &self.view);
        problem(&self.view, trouble.status(), &text, &self.flow.again())
    }

    async fn sign_in(&self, who: &Subject) -> Result<Response, Failure> {
        let Some(known) = identities::find(&self.app.pool, who).await? else {
            return self.refuse(Trouble::Unknown, "?").await;
        };
        if !known.active {
            return self.refuse(Trouble::Suspended, &known.login).await;
        }
        self.let_in(who, known.staff_id, &known.login).await
    }

    /// Notes with which of the provider's sessions somebody came: when it ends there, theirs end
    /// here.
    async fn came_with(&self, who: &Subject, staff_id: i32) -> Result<(), Failure> {
        let hours = self.app.config.session.absolute_hours;
        Ok(identities::with_session(&self.app.pool, who, staff_id, hours).await?)
    }

    /// Begins the session, after the second factor where the provider's is not enough.
    async fn let_in(&self, who: &Subject, staff_id: i32, login: &str) -> Result<Response, Failure> {
        self.came_with(who, staff_id).await?;
        let second = provider(self.app)?.second();
        let proved = Proved { staff_id, login, method: Method::Provider, second };
        let next = &self.flow.next;
        if !second {
            return entry::first_factor(self.app, self.headers, self.client, &proved, next).await;
        }
        let cookies = entry::begin(self.app, self.headers, self.client, &proved).await?;
        Ok((cookies, Redirect::to(next)).into_response())
    }

    async fn take_up(
        &self,
        who: &Subject,
        staff_id: i32,
        login: &str,
        hash: &[u8],
    ) -> Result<Response, Failure> {
        match identities::take(&self.app.pool, hash, staff_id, who).await? {
            Taken::Done => {}
            Taken::Over => return self.refuse(Trouble::Over, login).await,
            Taken::Others => return self.refuse(Trouble::Others, login).await,
        }
        let address = self.client.address.to_string();
        let person =
            Who { staff_id: Some(staff_id), login: login.to_owned(), address, ..Who::default() };
        let object = Object::Staff(login.to_owned());
        let detail = json!({"change": "invitation_taken_up", "issuer": who.issuer,
            "subject": who.subject});
        let entry = Entry { kind: Kind::Credential, object, detail, request: None };
        audit::record_as(self.app, person, entry).await?;
        self.let_in(who, staff_id, login).await
    }

    async fn link(mut self, who: &Subject, session: &[u8]) -> Result<Response, Failure> {
        let (staff_id, session_id) = (person(&self.view)?.staff_id, person(&self.view)?.session_id);
        let mut db = self.app.pool.acquire().await?;
        if !identities::link(&mut db, staff_id, who).await? {
            drop(db);
            return self.refuse(Trouble::Others, "?").await;
        }
        drop(db);
        let detail = json!({"change": "identity_linked", "issuer": who.issuer,
            "subject": who.subject});
        note(self.app, &self.view, Kind::Credential, detail).await?;
        self.came_with(who, staff_id).await?;
        let Some(cookie) = self.renew(session).await? else {
            return Ok(Redirect::to("/sign-in?ended=1").into_response());
        };
        sessions::end_others(&self.app.pool, staff_id, Some(session_id)).await?;
        Ok((cookie, Redirect::to(&self.flow.next)).into_response())
    }

    async fn confirm(mut self, who: &Subject, session: &[u8]) -> Result<Response, Failure> {
        let reader = person(&self.view)?.staff_id;
        let known = identities::find(&self.app.pool, who).await?;
        if known.is_none_or(|known| known.staff_id != reader) {
            return self.refuse(Trouble::Others, "?").await;
        }
        let detail = json!({"result": "ok", "method": Method::Provider.as_str()});
        note(self.app, &self.view, Kind::Confirm, detail).await?;
        self.came_with(who, reader).await?;
        let Some(cookie) = self.renew(session).await? else {
            return Ok(Redirect::to("/sign-in?ended=1").into_response());
        };
        let response = confirmed(self.app, &self.view, &self.flow.next).await?;
        Ok((cookie, response).into_response())
    }

    /// Gives the session a new secret and a recent proof: its cookie, if it is still there.
    async fn renew(
        &mut self,
        session: &[u8],
    ) -> Result<Option<[(header::HeaderName, header::HeaderValue); 1]>, Failure> {
        let token = Token::fresh();
        let second = provider(self.app)?.second();
        if !sessions::strengthen(&self.app.pool, session, &token.hash(), second).await? {
            return Ok(None);
        }
        self.view.csrf = token.csrf();
        Ok(Some([(header::SET_COOKIE, token.set_cookie(self.app))]))
    }
}
