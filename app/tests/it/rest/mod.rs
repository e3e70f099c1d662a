//! REST and the admin API over real sockets, against a real platform with a journal in a
//! temporary directory. Postgres is away in these tests: nothing here may need it, and
//! history must say so.

mod admin;
mod bad_input;
mod flow;
mod routes;
mod sockets;
mod world;
