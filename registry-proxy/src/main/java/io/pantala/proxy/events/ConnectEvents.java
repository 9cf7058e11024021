package io.pantala.proxy.events;

import io.pantala.manifest.UpstreamName;
import io.pantala.proxy.intercept.Authority;
import io.pantala.proxy.intercept.ConnectListener;
import io.pantala.proxy.intercept.Connects;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What comes of CONNECT. */
public final class ConnectEvents implements ConnectListener {
    private static final Logger LOG = LoggerFactory.getLogger(Connects.class);

    private final Metrics metrics;
    private final AtomicInteger open = new AtomicInteger();

    public ConnectEvents(Metrics metrics) {
        this.metrics = metrics;
        metrics.gauge("pantala.tunnels.active", "Tunnels through this proxy", open, AtomicInteger::get);
        bytes("sent").add(0);
        bytes("received").add(0);
        for (String outcome : new String[] {"intercepted", "distrusted", "tunnelled", "refused"}) {
            count(outcome, 0);
        }
    }

    @Override
    public void intercepted(UpstreamName upstream) {
        count("intercepted", 1);
    }

    @Override
    public void distrusted(UpstreamName upstream, String why) {
        count("distrusted", 1);
        LOG.atWarn()
                .addKeyValue("upstream", upstream)
                .log("an engine broke off TLS; does it trust this proxy's authority? {}", why);
    }

    @Override
    public void opened() {
        open.incrementAndGet();
        count("tunnelled", 1);
    }

    @Override
    public void closed(Authority to, long sent, long received, Duration took) {
        open.decrementAndGet();
        bytes("sent").add(sent);
        bytes("received").add(received);
        LOG.atInfo()
                .addKeyValue("to", to)
                .addKeyValue("sent", sent)
                .addKeyValue("received", received)
                .addKeyValue("ms", took.toMillis())
                .log("tunnel");
    }

    @Override
    public void refused(int status, String why) {
        count("refused", 1);
        LOG.atInfo().addKeyValue("status", status).log("CONNECT refused: {}", why);
    }

    private void count(String outcome, int times) {
        metrics.count("pantala.connects", "What came of CONNECT", "outcome", outcome)
                .increment(times);
    }

    private ByteCounter bytes(String direction) {
        return metrics.bytes("pantala.tunnel.bytes", "Bytes through tunnels that have ended", "direction", direction);
    }
}
