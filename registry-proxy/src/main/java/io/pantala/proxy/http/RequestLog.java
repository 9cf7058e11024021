package io.pantala.proxy.http;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Writes a line to the log for every request of an engine. */
public final class RequestLog implements RequestListener {
    private static final Logger LOG = LoggerFactory.getLogger("io.pantala.requests");

    @Override
    public void ended(RequestSummary request) {
        LOG.info(
                "{} {} {} upstream={} status={} bytes={} ms={}{}{}",
                request.id(),
                request.method(),
                request.path(),
                request.upstream() == null ? "-" : request.upstream(),
                request.status(),
                request.bytes(),
                request.took().toMillis(),
                request.source().isEmpty() ? "" : " source=" + request.source(),
                request.whole() ? "" : " cut short");
    }
}
