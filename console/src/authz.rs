//! Who may do what: roles, what a route needs, and the signed-in person. Pure; the guard
//! that applies it is in `guard`.

use crate::view::View;

/// A role of staff. More roles arrive with the rooms that need them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Sees everything of the market, changes nothing.
    Viewer,
    /// Runs the market day.
    Operations,
    /// Reads everything, changes nothing, sees who did what.
    Auditor,
    /// Manages staff and settings.
    Administrator,
}

impl Role {
    /// Every role.
    pub const ALL: [Role; 4] = [Role::Viewer, Role::Operations, Role::Auditor, Role::Administrator];

    /// Its name in the database and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Role::Viewer => "viewer",
            Role::Operations => "operations",
            Role::Auditor => "auditor",
            Role::Administrator => "administrator",
        }
    }

    /// The role of this name.
    pub fn parse(name: &str) -> Option<Role> {
        Role::ALL.into_iter().find(|role| role.as_str() == name)
    }

    /// Whether the role includes a permission.
    pub fn may(self, permission: Permission) -> bool {
        match permission {
            // Seeing the market is what every role of today's rooms is for.
            Permission::SeeMarket | Permission::SeeOrders => true,
        }
    }
}

/// Something a role may include.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permission {
    /// Overview and order books.
    SeeMarket,
    /// Orders of all accounts.
    SeeOrders,
}

/// What a route needs. Every route states one; see `router`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Nothing: reachable by anyone.
    Nothing,
    /// Any signed-in person.
    SignIn,
    /// A person with a role that includes this.
    May(Permission),
}

/// The signed-in person.
#[derive(Clone, Debug)]
pub struct Person {
    /// Row in `console.staff`.
    pub staff_id: i32,
    /// What they sign in with.
    pub login: String,
    /// How they are called.
    pub name: String,
    /// Their roles.
    pub roles: Vec<Role>,
}

impl Person {
    /// Whether one of the person's roles includes this.
    pub fn may(&self, permission: Permission) -> bool {
        self.roles.iter().any(|role| role.may(permission))
    }

    /// Role names, for the preferences page.
    pub fn role_names(&self) -> String {
        self.roles.iter().map(|role| role.as_str()).collect::<Vec<_>>().join(", ")
    }
}

/// Whether a view's reader meets a need.
pub fn meets(view: &View, need: Need) -> bool {
    match (need, &view.person) {
        (Need::Nothing, _) => true,
        (Need::SignIn, person) => person.is_some(),
        (Need::May(permission), person) => person.as_ref().is_some_and(|p| p.may(permission)),
    }
}
