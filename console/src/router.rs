//! Every address of the console in one table. A route cannot be written without saying what
//! it needs, and a test walks the table and asks for each without signing in.

use axum::Router;
use axum::http::Method;
use axum::middleware::from_fn_with_state;
use axum::routing::MethodRouter;

use crate::app::App;
use crate::authz::Need;
use crate::error::Failure;
use crate::often::Cost;
use crate::{guard, pages};

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
        $crate::router::Route::get($path, $need, axum::routing::get($handler))
    };
    (POST $path:literal, $need:expr, $handler:path) => {
        $crate::router::Route::post($path, $need, axum::routing::post($handler))
    };
}
pub(crate) use route;

impl Route {
    pub(crate) fn get(path: &'static str, need: Need, handler: MethodRouter<App>) -> Route {
        Route { method: Method::GET, path, need, handler }
    }

    pub(crate) fn post(path: &'static str, need: Need, handler: MethodRouter<App>) -> Route {
        Route { method: Method::POST, path, need, handler }
    }
}

/// The table: each area of pages has its part.
pub fn routes() -> Vec<Route> {
    let mut all = Vec::new();
    all.extend(pages::doors());
    all.extend(pages::people::routes());
    all.extend(pages::market());
    all.extend(pages::history());
    all.extend(pages::requests::routes());
    all.extend(pages::audit::routes());
    all
}

/// The router over the table.
pub fn router(app: App) -> Router {
    let mut router = Router::new();
    for route in routes() {
        let rule = guard::Rule { need: route.need, cost: Cost::of(&route.method, route.path) };
        let guarded =
            route.handler.route_layer(from_fn_with_state((app.clone(), rule), guard::guard));
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
                "/licences",
                "/sign-in",
                "/sign-in",
                "/sign-in/passkey",
                "/sign-in/provider",
                "/sign-in/provider/back",
                "/sign-in/provider/out",
                "/sign-in/second",
                "/sign-in/second",
                "/invite",
                "/invite",
                "/invite/provider"
            ]
        );
    }
}
