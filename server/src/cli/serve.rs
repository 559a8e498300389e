//! `seamgrid serve`.

use std::process::ExitCode;

use model::config::Configuration;
use seamgrid::{
    serve::{Listening, Server},
    settings::Settings,
    store::{Store, StoreError},
};

use super::{CommandError, Common, Stop, listen_for_metrics, load_configuration, say};

/// Serves until told to stop; with `update` it keeps results up to date as well.
pub(super) async fn serve(
    common: &Common,
    update: bool,
    mut stop: Stop,
) -> Result<ExitCode, CommandError> {
    let (settings, configuration) = load_configuration(common.config.as_deref())?;
    // Who waits for a database can be told to stop too.
    let server = tokio::select! {
        server = open(common, settings, configuration) => server?,
        () = &mut stop => return Ok(ExitCode::SUCCESS),
    };
    let metrics = listen_for_metrics(common).await?;
    server.with_metrics(metrics).run(update, stop).await?;
    Ok(ExitCode::SUCCESS)
}

/// A server at its address, with its database; it answers from the beginning that it lives, however long the
/// database takes to be there or to be brought up to date.
async fn open(
    common: &Common,
    settings: Settings,
    configuration: Configuration,
) -> Result<Server, CommandError> {
    let listening = Listening::on(&common.listen).await?;
    // On standard output, for people and for scripts that asked for a free port.
    let address = format!("Seamgrid is at http://{}", listening.address());
    match listening.wait_for(Store::open(&common.database)).await? {
        Err(StoreError::Unreachable { .. }) => {
            say(&address)?;
            let store = Store::open_patiently(&common.database);
            let store = listening.wait_for(store).await??;
            Ok(Server::at(listening, store, settings, configuration).await?)
        }
        store => {
            let server = Server::at(listening, store?, settings, configuration).await?;
            say(&address)?;
            Ok(server)
        }
    }
}
