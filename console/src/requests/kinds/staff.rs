//! Staff: invitations, roles, information barriers, suspension, and the reset of somebody's
//! ways in. Carried out by the console itself, in one transaction with the request's id.

use serde::{Deserialize, Serialize};

use super::NO_CHANGE;
use crate::app::App;
use crate::authz::{Matter, Role};
use crate::error::Failure;
use crate::people::staff::{self, Change, Problem};
use crate::requests::action::{Kind, Outcome, Provenance, Touches};
use crate::requests::form::{Field, Input, Reader, Wrong};
use crate::requests::preview::{Preview, Value};
use crate::store::staff::{Card, card};

/// Longest sign-in name.
const LOGIN: usize = 64;
/// Names of all roles.
const ROLES: &[&str] =
    &["viewer", "trader_support", "operations", "risk", "release", "auditor", "administrator"];
/// Most groups hidden from a person.
const MOST_GROUPS: usize = 100;

fn roles(names: &[String]) -> Vec<Role> {
    names.iter().filter_map(|name| Role::parse(name)).collect()
}

fn role_codes(names: &[String]) -> Value {
    if names.is_empty() { Value::None } else { Value::Codes(names.to_vec()) }
}

fn login_of(reader: &mut Reader<'_>) -> Option<String> {
    let login = reader.text("login", LOGIN)?.to_lowercase();
    let first = login.as_bytes()[0].is_ascii_alphanumeric();
    let rest = login.bytes().all(|b| b.is_ascii_alphanumeric() || b"._@-".contains(&b));
    if !first || !rest {
        reader.refuse("login", Wrong::Unreadable);
        return None;
    }
    Some(login)
}

/// What a preview of somebody known begins with.
async fn known(app: &App, login: &str) -> Result<Result<(Card, Preview), Preview>, Failure> {
    let preview = Preview::default().fact("login", Value::Text(login.to_owned()));
    Ok(match card(&app.pool, login).await? {
        Some(card) => {
            let preview = preview.fact("person_name", Value::Text(card.name.clone()));
            Ok((card, preview))
        }
        None => Err(preview.refuse_if(true, "staff_unknown")),
    })
}

async fn done(app: &App, by: &Provenance, login: &str, change: Change<'_>) -> Outcome {
    match staff::apply(&app.pool, Some(&by.request_id), login, change).await {
        Ok(()) => Outcome::Applied { sequence: None, results: Vec::new() },
        Err(Problem::Database(error)) => Outcome::Later(error.to_string()),
        Err(problem) => {
            let code = problem.code();
            Outcome::Refused { code: code.into(), message: String::new() }
        }
    }
}

/// A new person, who chooses a password with the code that an administrator hands them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Invite {
    login: String,
    name: String,
    email: Option<String>,
    roles: Vec<String>,
}

impl Kind for Invite {
    const MATTER: Matter = Matter::Staff;
    const FORM: &'static [Field] = &[
        Field::new("login", Input::Text(LOGIN)),
        Field::new("person_name", Input::Text(100)),
        Field::optional("email", Input::Text(254)),
        Field::optional("roles", Input::Several(ROLES)),
    ];

    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let login = login_of(reader);
        let name = reader.text("person_name", 100);
        let email = reader.text_if_given("email", 254);
        if email.as_ref().is_some_and(|it| !it.trim_matches('@').contains('@')) {
            reader.refuse("email", Wrong::Unreadable);
        }
        let roles = reader.several("roles", ROLES);
        Some(Invite { login: login?, name: name?, email, roles })
    }

    fn target(&self) -> String {
        self.login.clone()
    }

    async fn touches(&self, _: &App) -> Result<Touches, Failure> {
        Ok(Touches::Nobody)
    }

    async fn preview(&self, app: &App) -> Result<Preview, Failure> {
        let there = card(&app.pool, &self.login).await?.is_some();
        let email = self.email.clone().map_or(Value::None, Value::Text);
        Ok(Preview::default()
            .fact("login", Value::Text(self.login.clone()))
            .fact("person_name", Value::Text(self.name.clone()))
            .fact("email", email)
            .change("roles", Value::None, role_codes(&self.roles))
            .refuse_if(there, "staff_exists")
            .warn("invitation_code", ""))
    }

    async fn apply(&self, app: &App, by: &Provenance) -> Outcome {
        let roles = roles(&self.roles);
        let new = staff::New {
            name: &self.name,
            email: self.email.as_deref(),
            roles: &roles,
            language: &app.config.language,
            zone: &app.config.zone,
        };
        done(app, by, &self.login, Change::Invite(new)).await
    }
}

/// Other roles.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Roles {
    login: String,
    roles: Vec<String>,
}

impl Kind for Roles {
    const MATTER: Matter = Matter::Staff;
    const FORM: &'static [Field] =
        &[Field::new("login", Input::Text(LOGIN)), Field::optional("roles", Input::Several(ROLES))];

    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let login = login_of(reader);
        let roles = reader.several("roles", ROLES);
        Some(Roles { login: login?, roles })
    }

    fn target(&self) -> String {
        self.login.clone()
    }

    async fn touches(&self, _: &App) -> Result<Touches, Failure> {
        Ok(Touches::Nobody)
    }

    async fn preview(&self, app: &App) -> Result<Preview, Failure> {
        let (card, preview) = match known(app, &self.login).await? {
            Ok(known) => known,
            Err(refused) => return Ok(refused),
        };
        let same = roles(&card.roles) == roles(&self.roles);
        Ok(preview
            .change("roles", role_codes(&card.roles), role_codes(&self.roles))
            .refuse_if(same, NO_CHANGE)
            .warn("sessions_end", ""))
    }

    async fn apply(&self, app: &App, by: &Provenance) -> Outcome {
        done(app, by, &self.login, Change::Roles(&roles(&self.roles))).await
    }
}

/// Account groups a person may not see, in place of those before.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Barriers {
    login: String,
    groups: Vec<i32>,
}

fn group_list(groups: &[i32]) -> Value {
    match groups {
        [] => Value::None,
        groups => {
            let all: Vec<String> = groups.iter().map(i32::to_string).collect();
            Value::Text(all.join(", "))
        }
    }
}

impl Kind for Barriers {
    const MATTER: Matter = Matter::Staff;
    const FORM: &'static [Field] = &[
        Field::new("login", Input::Text(LOGIN)),
        Field::optional("hidden_groups", Input::Text(600)),
    ];

    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let login = login_of(reader);
        let text = reader.text_if_given("hidden_groups", 600).unwrap_or_default();
        let parts = text.split([',', ' ', '、', '，']).filter(|part| !part.is_empty());
        let groups: Result<Vec<i32>, _> = parts.map(str::parse::<i32>).collect();
        let mut groups = match groups {
            Ok(groups) => groups,
            Err(_) => {
                reader.refuse("hidden_groups", Wrong::Unreadable);
                return None;
            }
        };
        groups.sort_unstable();
        groups.dedup();
        let possible = groups.iter().all(|group| (0..=65_535).contains(group));
        if !possible || groups.len() > MOST_GROUPS {
            reader.refuse("hidden_groups", Wrong::OutOfRange(0, 65_535));
            return None;
        }
        Some(Barriers { login: login?, groups })
    }

    fn target(&self) -> String {
        self.login.clone()
    }

    async fn touches(&self, _: &App) -> Result<Touches, Failure> {
        Ok(Touches::Nobody)
    }

    async fn preview(&self, app: &App) -> Result<Preview, Failure> {
        let (card, preview) = match known(app, &self.login).await? {
            Ok(known) => known,
            Err(refused) => return Ok(refused),
        };
        Ok(preview
            .change("hidden_groups", group_list(&card.groups), group_list(&self.groups))
            .refuse_if(card.groups == self.groups, NO_CHANGE)
            .warn("sessions_end", ""))
    }

    async fn apply(&self, app: &App, by: &Provenance) -> Outcome {
        done(app, by, &self.login, Change::Barriers(&self.groups)).await
    }
}

macro_rules! state {
    ($(#[$doc:meta])* $name:ident, $change:expr, $to:literal, $refused:expr, $warning:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        pub struct $name {
            login: String,
        }

        impl Kind for $name {
            const MATTER: Matter = Matter::Staff;
            const FORM: &'static [Field] = &[Field::new("login", Input::Text(LOGIN))];

            fn read(reader: &mut Reader<'_>) -> Option<Self> {
                Some($name { login: login_of(reader)? })
            }

            fn target(&self) -> String {
                self.login.clone()
            }

            async fn touches(&self, _: &App) -> Result<Touches, Failure> {
                Ok(Touches::Nobody)
            }

            async fn preview(&self, app: &App) -> Result<Preview, Failure> {
                let (card, preview) = match known(app, &self.login).await? {
                    Ok(known) => known,
                    Err(refused) => return Ok(refused),
                };
                let cannot: fn(&str) -> bool = $refused;
                Ok(preview
                    .change(
                        "staff_status",
                        Value::Code(card.status.clone()),
                        Value::Code($to.into()),
                    )
                    .refuse_if(cannot(&card.status), NO_CHANGE)
                    .warn($warning, ""))
            }

            async fn apply(&self, app: &App, by: &Provenance) -> Outcome {
                done(app, by, &self.login, $change).await
            }
        }
    };
}

state! {
    /// No way in until they are let back.
    SuspendStaff, Change::Suspended(true), "suspended", |status| status == "suspended", "sessions_end"
}
state! {
    /// A way in again.
    ReactivateStaff, Change::Suspended(false), "active", |status| status != "suspended", "keeps_ways"
}
state! {
    /// Password and second factors are forgotten; a new invitation begins anew.
    ResetStaff, Change::Reset, "invited", |status| status == "suspended", "invitation_code"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::requests::form::Given;

    fn read<K: Kind>(pairs: &[(&str, &str)]) -> Result<K, Vec<(&'static str, Wrong)>> {
        let given: Given =
            pairs.iter().map(|(n, v)| ((*n).to_owned(), vec![(*v).to_owned()])).collect();
        let mut reader = Reader::new(&given);
        let read = K::read(&mut reader);
        match read {
            Some(kind) if reader.wrong.is_empty() => Ok(kind),
            _ => Err(reader.wrong),
        }
    }

    #[test]
    fn groups_are_read_as_people_type_them() {
        let of = |text| read::<Barriers>(&[("login", "aki"), ("hidden_groups", text)]);
        assert_eq!(of("7, 3,7").unwrap().groups, [3, 7]);
        assert_eq!(of("").unwrap().groups, [0; 0]);
        assert_eq!(of("x").unwrap_err(), [("hidden_groups", Wrong::Unreadable)]);
        assert_eq!(of("70000").unwrap_err(), [("hidden_groups", Wrong::OutOfRange(0, 65_535))]);
    }

    #[test]
    fn every_role_can_be_given_and_names_are_checked() {
        assert_eq!(ROLES, Role::ALL.map(Role::as_str));
        let bad = read::<Roles>(&[("login", "-x"), ("roles", "king")]).unwrap_err();
        assert_eq!(bad, [("login", Wrong::Unreadable), ("roles", Wrong::Unknown)]);
        let invited =
            read::<Invite>(&[("login", "Mei"), ("person_name", "伊藤 芽衣"), ("roles", "risk")]);
        assert_eq!(invited.unwrap().login, "mei");
    }
}
