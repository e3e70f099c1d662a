//! The main menu: pages by name and key. Who sees an entry follows from what the page's own
//! route needs, so that the menu never offers what the guard would refuse.

use std::sync::LazyLock;

use crate::authz::{Need, meets};
use crate::i18n::{L, Lang, M};
use crate::view::View;

/// An entry.
#[derive(Clone, Copy, Debug)]
pub struct Item {
    /// Address of the page.
    pub path: &'static str,
    /// Key after `g`.
    pub key: char,
    label: fn(Lang) -> &'static str,
}

impl Item {
    /// Its name in the reader's language.
    pub fn label(&self, v: &View) -> &'static str {
        (self.label)(v.lang)
    }
}

const ITEMS: [Item; 12] = [
    Item { path: "/", key: 'h', label: |lang| lang.t(M::Overview) },
    Item { path: "/books", key: 'b', label: |lang| lang.t(M::Books) },
    Item { path: "/orders", key: 'o', label: |lang| lang.t(M::Orders) },
    Item { path: "/fills", key: 'f', label: |lang| lang.t(L::Fills) },
    Item { path: "/accounts", key: 'a', label: |lang| lang.t(L::Accounts) },
    Item { path: "/instruments", key: 'i', label: |lang| lang.t(L::Instruments) },
    Item { path: "/risk", key: 'x', label: |lang| lang.t(L::Risk) },
    Item { path: "/requests", key: 'r', label: |lang| lang.t(L::Requests) },
    Item { path: "/audit", key: 'u', label: |lang| lang.t(L::Audit) },
    Item { path: "/flags", key: 'l', label: |lang| lang.t(L::Flags) },
    Item { path: "/staff", key: 's', label: |lang| lang.t(L::Staff) },
    Item { path: "/preferences", key: 'p', label: |lang| lang.t(M::Preferences) },
];

/// Entries whose page exists, with what it needs.
static OFFERED: LazyLock<Vec<(Item, Need)>> = LazyLock::new(|| {
    let routes = crate::router::routes();
    let need = |path| {
        let mut own = routes.iter().filter(|route| route.path == path);
        own.find(|route| route.method == axum::http::Method::GET).map(|route| route.need)
    };
    ITEMS.iter().filter_map(|item| Some((*item, need(item.path)?))).collect()
});

/// What this reader may open, in order.
pub fn of(view: &View) -> Vec<Item> {
    OFFERED.iter().filter(|(_, need)| meets(view, *need)).map(|(item, _)| *item).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_pages_share_a_key() {
        for (at, item) in ITEMS.iter().enumerate() {
            assert!(!ITEMS[..at].iter().any(|other| other.key == item.key), "{}", item.path);
            assert!(!"/?jkg".contains(item.key), "{} has a key of its own meaning", item.path);
        }
    }
}
