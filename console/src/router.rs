//! Every address of the console in one table. A route cannot be written without saying what
//! it needs, and a test walks the table and asks for each without signing in.

use axum::Router;
use axum::http::Method;
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodRouter, get, post};

use crate::app::App;
use crate::authz::{Need, Permission};
use crate::error::Failure;
use crate::{assets, guard, pages};

/// One address.
pub struct Route {
    /// GET or POST.
    pub method: Method,
    /// Path as axum writes it.
    pub path: &'static str,
    /// What the reader needs.
    pub need: Need,
    handler: MethodRouter<App>,
}

macro_rules! route {
    (GET $path:literal, $need:expr, $handler:path) => {
        Route { method: Method::GET, path: $path, need: $need, handler: get($handler) }
    };
    (POST $path:literal, $need:expr, $handler:path) => {
        Route { method: Method::POST, path: $path, need: $need, handler: post($handler) }
    };
}

/// The table.
pub fn routes() -> Vec<Route> {
    use Need::*;
    use Permission::*;
    vec![
        route!(GET "/healthz", Nothing, pages::operation::healthz),
        route!(GET "/readyz", Nothing, pages::operation::readyz),
        route!(GET "/metrics", Nothing, pages::operation::metrics),
        route!(GET "/static/{*path}", Nothing, assets::serve),
        route!(GET "/sign-in", Nothing, pages::sign_in::form),
        route!(POST "/sign-in", Nothing, pages::sign_in::submit),
        route!(POST "/sign-out", SignIn, pages::sign_in::leave),
        route!(GET "/licences", Nothing, pages::licences::page),
        route!(GET "/preferences", SignIn, pages::preferences::form),
        route!(POST "/preferences", SignIn, pages::preferences::save),
        route!(GET "/", May(SeeMarket), pages::overview::page),
        route!(GET "/overview/live", May(SeeMarket), pages::overview::live),
        route!(GET "/books", May(SeeMarket), pages::books::page),
        route!(GET "/books/live", May(SeeMarket), pages::books::live),
        route!(GET "/books/{symbol}", May(SeeMarket), pages::book::page),
        route!(GET "/books/{symbol}/live", May(SeeMarket), pages::book::live),
        route!(GET "/orders", May(SeeOrders), pages::orders::page),
        route!(GET "/orders/csv", May(SeeOrders), pages::orders::csv),
        route!(GET "/orders/{order_id}", May(SeeOrders), pages::order::page),
        route!(GET "/search", May(SeeOrders), pages::search::page),
    ]
}

/// The router over the table.
pub fn router(app: App) -> Router {
    let mut router = Router::new();
    for route in routes() {
        let guarded =
            route.handler.route_layer(from_fn_with_state((app.clone(), route.need), guard::guard));
        router = router.route(route.path, guarded);
    }
    router.fallback(|| async { Failure::NotFound }).with_state(app)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_open_to_everyone_is_listed_here_too() {
        let open: Vec<&str> = routes()
            .iter()
            .filter(|route| route.need == Need::Nothing)
            .map(|route| route.path)
            .collect();
        assert_eq!(
            open,
            [
                "/healthz",
                "/readyz",
                "/metrics",
                "/static/{*path}",
                "/sign-in",
                "/sign-in",
                "/licences"
            ]
        );
    }
}
