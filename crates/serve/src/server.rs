//! The server: one address of this machine, until it is stopped.

use crate::bench::Bench;
use crate::guard::{Guard, guard};
use crate::{Options, RowsSource, ServeError, pages};
use axum::middleware::from_fn_with_state;
use lanner_frame::Cancel;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// How often a stop is looked for.
const LOOK: Duration = Duration::from_millis(50);

/// Serves the folder of a finished hunt until `cancel` is raised; `ready` is told the address to open.
///
/// `rows` opens the input again when a query reads it; without it such a query is refused.
///
/// # Errors
/// [`ServeError`] if the folder is not that of a finished hunt, or the port is taken.
///
/// # Cost
/// A page costs the rows that it shows and a scan of the columns that it filters or sorts by; memory is
/// bounded by `options.memory` and what one page holds.
pub fn serve(
    dir: &Path,
    rows: Option<RowsSource>,
    options: Options,
    cancel: &Cancel,
    ready: impl FnOnce(&str),
) -> Result<(), ServeError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(options.threads.max(2))
        // Plans of the query engine recurse.
        .thread_stack_size(8 << 20)
        .thread_name("lanner-serve")
        .enable_all()
        .build()
        .map_err(ServeError::io("starting threads"))?;
    let done = runtime.block_on(async {
        let bench = Arc::new(Bench::open(dir, rows, options).await?);
        let at = (Ipv4Addr::LOCALHOST, options.port);
        let listener = TcpListener::bind(at)
            .map_err(ServeError::io(format!("port {} of this machine", options.port)))?;
        let listen = ServeError::io("listening");
        listener.set_nonblocking(true).map_err(ServeError::io("listening"))?;
        let port = listener.local_addr().map_err(ServeError::io("listening"))?.port();
        let listener = tokio::net::TcpListener::from_std(listener).map_err(listen)?;
        let keeper = Arc::new(Guard::new(port)?);
        let address = keeper.address();
        let app = pages::routes(bench).layer(from_fn_with_state(keeper, guard));
        let server = tokio::spawn(async move { axum::serve(listener, app).await });
        ready(&address);
        while !cancel.is_raised() && !server.is_finished() {
            tokio::time::sleep(LOOK).await;
        }
        Ok(())
    });
    // Whatever still runs is a page that nobody will see.
    runtime.shutdown_background();
    done
}
