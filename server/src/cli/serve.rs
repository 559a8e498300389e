//! `seamgrid serve`.

use std::process::ExitCode;

use seamgrid::{
    serve::{Listening, Server},
    store::{Store, StoreError},
};

use super::{CommandError, Common, listen_for_metrics, load_configuration, say, told_to_stop};

/// Serves until told to stop; with `update` it keeps results up to date as well.
pub(super) async fn serve(common: &Common, update: bool) -> Result<ExitCode, CommandError> {
    let (settings, configuration) = load_configuration(common.config.as_deref())?;
    let listening = Listening::on(&common.listen).await?;
    // On standard output, for people and for scripts that asked for a free port.
    let address = format!("Seamgrid is at http://{}", listening.address());
    let server = match Store::open(&common.database).await {
        Err(StoreError::Unreachable { .. }) => {
            say(&address)?;
            let store = Store::open_patiently(&common.database);
            let store = listening.wait_for(store).await??;
            Server::at(listening, store, settings, configuration).await?
        }
        store => {
            let server = Server::at(listening, store?, settings, configuration).await?;
            say(&address)?;
            server
        }
    };
    let metrics = listen_for_metrics(common).await?;
    server
        .with_metrics(metrics)
        .run(update, told_to_stop())
        .await?;
    Ok(ExitCode::SUCCESS)
}
