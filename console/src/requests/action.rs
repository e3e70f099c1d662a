//! What an action is: the trait every kind of it fills in, and the enum of all of them.

use std::future::Future;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::form::{Field, Given, Reader, Wrong};
use super::kinds::{
    accounts, fills, flags, funds, instruments, kills, limits, orders, staff, terms,
};
use super::preview::Preview;
use crate::app::App;
use crate::authz::{Matter, Permission};
use crate::error::Failure;

/// Who may have it done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// One person asks, another decides.
    Two,
    /// The person with this permission does it at once; it is recorded.
    AtOnce(Permission),
}

/// Whose business an action is, for information barriers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Touches {
    /// The market's, or the installation's: nobody's in it.
    Nobody,
    /// These accounts'.
    Accounts(Vec<String>),
    /// This whole group's.
    Group(i32),
    /// Everybody's.
    Everyone,
}

/// Who has an action carried out, as the backend is told.
#[derive(Clone, Debug)]
pub struct Provenance {
    /// The maker's login.
    pub actor: String,
    /// The checker's login.
    pub approver: Option<String>,
    /// The request's id.
    pub request_id: String,
    /// The maker's reason.
    pub reason: String,
}

/// What became of an action.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// It was carried out, at this journal sequence, with these results (code and value).
    Applied {
        /// Journal sequence.
        sequence: Option<u64>,
        /// Results.
        results: Vec<(String, super::preview::Value)>,
    },
    /// It was refused for good; nothing changed.
    Refused {
        /// Stable code.
        code: String,
        /// For people.
        message: String,
    },
    /// It is not known yet: try again later.
    Later(String),
}

/// A kind of action.
pub trait Kind: Clone + Serialize + DeserializeOwned + Send + Sync {
    /// Whose permission asks and decides.
    const MATTER: Matter;
    /// Who may have it done.
    const RULE: Rule = Rule::Two;
    /// Its form.
    const FORM: &'static [Field];

    /// Reads it out of its form; what is wrong stays in the reader.
    fn read(reader: &mut Reader<'_>) -> Option<Self>;

    /// Canonical name of what it acts on: two of the same kind with the same target are the
    /// same request.
    fn target(&self) -> String;

    /// Whose business it is.
    ///
    /// # Errors
    /// When that has to be looked up and the backend or the database does not answer.
    fn touches(&self, app: &App) -> impl Future<Output = Result<Touches, Failure>> + Send;

    /// A word to type where it cannot be undone.
    fn word(&self) -> Option<&'static str> {
        None
    }

    /// What it will do, and whether it can be done, from the present state.
    ///
    /// # Errors
    /// When the backend or the database does not answer.
    fn preview(&self, app: &App) -> impl Future<Output = Result<Preview, Failure>> + Send;

    /// Carries it out. Repeated with the same provenance it does nothing more and answers the
    /// first outcome.
    fn apply(&self, app: &App, by: &Provenance) -> impl Future<Output = Outcome> + Send;
}

/// What is known of a kind without an action of it.
pub struct Info {
    /// Its name in addresses and in the database.
    pub name: &'static str,
    /// Whose permission asks and decides.
    pub matter: Matter,
    /// Who may have it done.
    pub rule: Rule,
    /// Its form.
    pub form: &'static [Field],
    read: fn(&mut Reader<'_>) -> Option<Action>,
}

impl Info {
    /// Whether it is done for one person.
    pub fn at_once(&self) -> bool {
        self.rule != Rule::Two
    }

    /// What one needs to ask for it.
    pub fn asks(&self) -> Permission {
        match self.rule {
            Rule::Two => Permission::Ask(self.matter),
            Rule::AtOnce(permission) => permission,
        }
    }

    /// Reads an action of this kind.
    ///
    /// # Errors
    /// What is wrong, by field.
    pub fn read(&self, given: &Given) -> Result<Action, Vec<(&'static str, Wrong)>> {
        let mut reader = Reader::new(given);
        let action = (self.read)(&mut reader);
        match action {
            Some(action) if reader.wrong.is_empty() => Ok(action),
            _ => Err(reader.wrong),
        }
    }
}

macro_rules! actions {
    ($($variant:ident = $name:literal: $kind:ty;)*) => {
        /// Every action there is. In the database and in JSON its kind is its tag.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(tag = "kind")]
        #[allow(missing_docs)]
        pub enum Action { $(#[serde(rename = $name)] $variant($kind)),* }

        /// Every kind there is.
        pub static KINDS: &[Info] = &[$(Info {
            name: $name,
            matter: <$kind as Kind>::MATTER,
            rule: <$kind as Kind>::RULE,
            form: <$kind as Kind>::FORM,
            read: |reader| <$kind as Kind>::read(reader).map(Action::$variant),
        }),*];

        impl Action {
            /// Name of its kind.
            pub fn name(&self) -> &'static str {
                match self { $(Action::$variant(_) => $name),* }
            }

            /// Canonical name of what it acts on.
            pub fn target(&self) -> String {
                match self { $(Action::$variant(it) => it.target()),* }
            }

            /// Whose business it is.
            ///
            /// # Errors
            /// When the backend or the database does not answer.
            pub async fn touches(&self, app: &App) -> Result<Touches, Failure> {
                match self { $(Action::$variant(it) => it.touches(app).await),* }
            }

            /// A word to type where it cannot be undone.
            pub fn word(&self) -> Option<&'static str> {
                match self { $(Action::$variant(it) => it.word()),* }
            }

            /// What it will do.
            ///
            /// # Errors
            /// When the backend or the database does not answer.
            pub async fn preview(&self, app: &App) -> Result<Preview, Failure> {
                match self { $(Action::$variant(it) => it.preview(app).await),* }
            }

            /// Carries it out.
            pub async fn apply(&self, app: &App, by: &Provenance) -> Outcome {
                match self { $(Action::$variant(it) => it.apply(app, by).await),* }
            }
        }
    };
}

actions! {
    Deposit = "deposit": funds::Deposit;
    Withdraw = "withdraw": funds::Withdraw;
    Adjust = "adjust": funds::Adjust;
    Suspend = "suspend": accounts::Suspend;
    Reactivate = "reactivate": accounts::Reactivate;
    CloseAccount = "close_account": accounts::Close;
    Group = "group": accounts::Group;
    RevokeKey = "revoke_key": accounts::RevokeKey;
    Halt = "halt": instruments::Halt;
    Resume = "resume": instruments::Resume;
    PriceLimits = "price_limits": instruments::PriceLimits;
    Ticks = "ticks": instruments::Ticks;
    Halts = "halts": instruments::Halts;
    Call = "call": instruments::Call;
    Breaker = "breaker": terms::Breaker;
    ListedShares = "listed_shares": terms::ListedShares;
    OddLot = "odd_lot_terms": terms::OddLot;
    RiskLimits = "risk_limits": limits::RiskLimits;
    Flag = "flag": flags::Flag;
    CorrectTrade = "correct_trade": fills::Correct;
    BustTrade = "bust_trade": fills::Bust;
    CancelOrder = "cancel_order": orders::CancelOrder;
    CancelMany = "cancel_many": orders::CancelMany;
    KillOn = "kill_on": kills::KillOn;
    KillOff = "kill_off": kills::KillOff;
    Invite = "invite": staff::Invite;
    StaffRoles = "staff_roles": staff::Roles;
    StaffBarriers = "staff_barriers": staff::Barriers;
    SuspendStaff = "staff_suspend": staff::SuspendStaff;
    ReactivateStaff = "staff_reactivate": staff::ReactivateStaff;
    ResetStaff = "staff_reset": staff::ResetStaff;
}

impl Action {
    /// What is known of its kind.
    pub fn info(&self) -> &'static Info {
        let name = self.name();
        KINDS.iter().find(|info| info.name == name).unwrap_or(&KINDS[0])
    }
}

/// The kind of this name.
pub fn kind(name: &str) -> Option<&'static Info> {
    KINDS.iter().find(|info| info.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_listed_once() {
        for (at, info) in KINDS.iter().enumerate() {
            assert!(KINDS[..at].iter().all(|other| other.name != info.name), "{}", info.name);
        }
    }

    #[test]
    fn every_kind_and_field_has_words() {
        use crate::i18n::{Lang, Word, word};
        for info in KINDS {
            let there = |kind, code: &str| {
                assert_ne!(word(Lang::Ja, kind, code), code, "{}: {kind:?} {code}", info.name);
            };
            there(Word::Kind, info.name);
            there(Word::Matter, info.matter.as_str());
            info.form.iter().for_each(|field| there(Word::Label, field.name));
        }
    }

    #[test]
    fn an_action_survives_the_database() {
        let given = Given::from([
            ("of".to_owned(), vec!["account".to_owned()]),
            ("scope".to_owned(), vec!["DEMO-0001".to_owned()]),
            ("currency".to_owned(), vec!["JPY".to_owned()]),
            ("day_value_hard".to_owned(), vec!["１,000,000".to_owned()]),
        ]);
        let action = kind("risk_limits").unwrap().read(&given).unwrap();
        let json = serde_json::to_value(&action).unwrap();
        assert_eq!(json["kind"], "risk_limits");
        assert_eq!(json["day_value_hard"], "1000000");
        assert_eq!(serde_json::from_value::<Action>(json).unwrap(), action);
    }

    #[test]
    fn a_selection_of_nothing_has_to_say_everything() {
        let read = |pairs: &[(&str, &str)]| {
            let given: Given =
                pairs.iter().map(|(n, v)| ((*n).to_owned(), vec![(*v).to_owned()])).collect();
            kind("cancel_many").unwrap().read(&given)
        };
        assert_eq!(read(&[]).unwrap_err(), [("account", Wrong::Missing)]);
        assert_eq!(read(&[("everything", "yes")]).unwrap().word(), Some("EVERYTHING"));
        let both = read(&[("everything", "yes"), ("symbol", "7203")]);
        assert_eq!(both.unwrap_err(), [("everything", Wrong::Conflict)]);
        let price = read(&[("symbol", "7203"), ("price", "2500")]);
        assert_eq!(price.unwrap_err(), [("price", Wrong::Conflict)]);
        let worth = read(&[("symbol", "7203"), ("side", "buy"), ("price", "2500")]).unwrap();
        assert_eq!(worth.target(), "7203/buy/2500");
    }
}
