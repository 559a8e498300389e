//! What processes tell each other through the server.

use super::*;

#[tokio::test]
async fn what_is_announced_is_heard_even_after_the_network_was_cut() {
    let Some((url, _schema)) = schema().await else {
        return;
    };
    let proxy = Proxy::before(&url).await;
    let teller = Store::open(&url).await.expect("a database");
    let listener = Store::open(&proxy.url).await.expect("the same");
    let news = listener.listen();
    let heard = async || {
        let next = tokio::time::timeout(Duration::from_mins(1), news.next());
        next.await.expect("it is heard");
    };
    // Listening begins with a word, for what was missed before.
    heard().await;
    teller.announce().await;
    heard().await;
    proxy.cut().await;
    heard().await;
    teller.announce().await;
    heard().await;
    drop(news);
    // Nobody holds a connection any more.
    tokio::time::timeout(Duration::from_secs(20), listener.close())
        .await
        .expect("closed");
}
