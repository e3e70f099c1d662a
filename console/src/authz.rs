//! Who may do what: roles as sets of permissions, what a route needs, whose business a person
//! may not see, and the signed-in person. Pure; the guard that applies it is in `guard`.

use crate::view::View;

/// A role of staff. A person may have several; they add up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Sees the market, nobody's business in it.
    Viewer,
    /// Answers clients: sees their orders and accounts, cancels an order for them.
    TraderSupport,
    /// Runs the market day and moves clients' funds.
    Operations,
    /// Sets limits and stops who passes them.
    Risk,
    /// Releases software and switches features.
    Release,
    /// Reads everything, changes nothing, sees who did what.
    Auditor,
    /// Manages staff. Touches nobody's money.
    Administrator,
}

/// Something a role may include.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Permission {
    /// Overview, order books, instruments.
    SeeMarket,
    /// Orders and fills of clients.
    SeeOrders,
    /// Accounts, balances, ledger.
    SeeAccounts,
    /// Risk limits, their usage, kill switches.
    SeeRisk,
    /// Requests of matters one may see.
    SeeRequests,
    /// The audit trail; verify it.
    SeeAudit,
    /// Feature flags.
    SeeFlags,
    /// People, their roles and sessions.
    SeeStaff,
    /// CSV of orders, fills, accounts, ledger, audit.
    Export,
    /// Cancel one order for a client, at once.
    CancelOrder,
    /// Cancel many orders, at once.
    CancelMany,
    /// Kill switches, at once.
    Kill,
    /// Ask for something that needs a second person.
    Ask(Matter),
    /// Approve or decline what another asked for.
    Decide(Matter),
}

/// What a request is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Matter {
    /// Deposits, withdrawals, adjustments.
    Funds,
    /// Status and group of accounts, their API keys.
    Accounts,
    /// Status, price limits, ticks, halts and other terms of instruments.
    Instruments,
    /// Risk limits.
    Limits,
    /// Trades corrected or busted.
    Fills,
    /// Orders cancelled at once, kill switches.
    Orders,
    /// Feature flags.
    Flags,
    /// Invitations, roles, suspensions, scopes.
    Staff,
}

impl Matter {
    /// Every matter.
    pub const ALL: [Matter; 8] = {
        use Matter::*;
        [Funds, Accounts, Instruments, Limits, Fills, Orders, Flags, Staff]
    };

    /// What one needs to see requests of it.
    pub fn seen_with(self) -> Permission {
        match self {
            Matter::Funds | Matter::Accounts => Permission::SeeAccounts,
            Matter::Instruments => Permission::SeeMarket,
            Matter::Limits => Permission::SeeRisk,
            Matter::Fills | Matter::Orders => Permission::SeeOrders,
            Matter::Flags => Permission::SeeFlags,
            Matter::Staff => Permission::SeeStaff,
        }
    }

    /// Its name in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Matter::Funds => "funds",
            Matter::Accounts => "accounts",
            Matter::Instruments => "instruments",
            Matter::Limits => "limits",
            Matter::Fills => "fills",
            Matter::Orders => "orders",
            Matter::Flags => "flags",
            Matter::Staff => "staff",
        }
    }

    /// The matter of this name.
    pub fn parse(name: &str) -> Option<Matter> {
        Matter::ALL.into_iter().find(|matter| matter.as_str() == name)
    }
}

impl Role {
    /// Every role.
    pub const ALL: [Role; 7] = {
        use Role::*;
        [Viewer, TraderSupport, Operations, Risk, Release, Auditor, Administrator]
    };

    /// Its name in the database and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Role::Viewer => "viewer",
            Role::TraderSupport => "trader_support",
            Role::Operations => "operations",
            Role::Risk => "risk",
            Role::Release => "release",
            Role::Auditor => "auditor",
            Role::Administrator => "administrator",
        }
    }

    /// The role of this name.
    pub fn parse(name: &str) -> Option<Role> {
        Role::ALL.into_iter().find(|role| role.as_str() == name)
    }

    /// Whether the role includes a permission. Seeing staff and the audit trail is for those
    /// who watch and manage people; acting on money is never theirs.
    pub fn may(self, permission: Permission) -> bool {
        use Permission::*;
        let market = permission == SeeMarket;
        let clients = matches!(permission, SeeMarket | SeeOrders | SeeAccounts | SeeRequests);
        match self {
            Role::Viewer => market,
            Role::TraderSupport => clients || permission == CancelOrder,
            Role::Operations => {
                clients
                    || matches!(permission, SeeRisk | SeeFlags | Export)
                    || matches!(permission, CancelOrder | CancelMany | Kill)
                    || matches!(
                        permission,
                        Ask(m) | Decide(m) if matches!(
                            m,
                            Matter::Funds
                                | Matter::Accounts
                                | Matter::Instruments
                                | Matter::Fills
                                | Matter::Orders
                        )
                    )
            }
            Role::Risk => {
                clients
                    || matches!(permission, SeeRisk | Export | CancelOrder | CancelMany | Kill)
                    || matches!(permission, Ask(Matter::Limits) | Decide(Matter::Limits))
                    || matches!(permission, Ask(Matter::Accounts) | Decide(Matter::Accounts))
                    || matches!(permission, Ask(Matter::Orders) | Decide(Matter::Orders))
            }
            Role::Release => {
                market
                    || matches!(permission, SeeRequests | SeeFlags)
                    || matches!(permission, Ask(Matter::Flags) | Decide(Matter::Flags))
            }
            Role::Auditor => {
                clients || matches!(permission, SeeRisk | SeeAudit | SeeFlags | SeeStaff | Export)
            }
            Role::Administrator => {
                market
                    || matches!(permission, SeeRequests | SeeAudit | SeeStaff | SeeFlags)
                    || matches!(permission, Ask(Matter::Staff) | Decide(Matter::Staff))
            }
        }
    }
}

/// What a route needs. Every route states one; see `router`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Nothing: reachable by anyone.
    Nothing,
    /// Any signed-in person.
    SignIn,
    /// Any signed-in person who proved who they are within `sign_in.recent_minutes`.
    RecentSignIn,
    /// A person with a role that includes this.
    May(Permission),
    /// A person whose roles include both of these.
    Both(Permission, Permission),
    /// As `May`, and the person proved who they are within `sign_in.recent_minutes`.
    Recent(Permission),
}

/// Whose business a person may see: information barriers. Every read of something that belongs
/// to an account takes one and applies it in its query, so that nothing is shown, linked,
/// counted or exported of what lies beyond.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// Account groups (`trading.accounts.group_id`) the person may not see.
    pub hidden_groups: Vec<i32>,
}

impl Scope {
    /// Sees everyone's.
    pub fn is_everything(&self) -> bool {
        self.hidden_groups.is_empty()
    }

    /// Whether it includes accounts of this group.
    pub fn includes(&self, group: i32) -> bool {
        !self.hidden_groups.contains(&group)
    }
}

/// The signed-in person.
#[derive(Clone, Debug)]
pub struct Person {
    /// Row in `console.staff`.
    pub staff_id: i32,
    /// Row in `console.sessions`; names the session in lists and trails, and is no secret.
    pub session_id: i64,
    /// What they sign in with.
    pub login: String,
    /// How they are called.
    pub name: String,
    /// Their roles.
    pub roles: Vec<Role>,
    /// Whose business they may see.
    pub scope: Scope,
    /// Whether the session's last proof of identity is younger than `sign_in.recent_minutes`.
    pub recent: bool,
    /// Whether the session was begun or confirmed with a second factor, or one worth two.
    pub second: bool,
}

impl Person {
    /// Whether one of the person's roles includes this.
    pub fn may(&self, permission: Permission) -> bool {
        self.roles.iter().any(|role| role.may(permission))
    }
}

/// Whether a view's reader meets a need.
pub fn meets(view: &View, need: Need) -> bool {
    match (need, &view.person) {
        (Need::Nothing, _) => true,
        (Need::SignIn | Need::RecentSignIn, person) => person.is_some(),
        (Need::May(permission) | Need::Recent(permission), person) => {
            person.as_ref().is_some_and(|p| p.may(permission))
        }
        (Need::Both(one, other), person) => {
            person.as_ref().is_some_and(|p| p.may(one) && p.may(other))
        }
    }
}
