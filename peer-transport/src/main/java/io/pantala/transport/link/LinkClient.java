package io.pantala.transport.link;

import io.pantala.transport.NodeAddress;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.RequestOptions;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import javax.net.ssl.SSLContext;

/** Sends other nodes what is small and rare. */
public final class LinkClient implements AutoCloseable {
    private static final Duration CONNECT = Duration.ofSeconds(5);
    private static final Duration WHOLE = Duration.ofSeconds(15);
    private static final int LARGEST = 8 << 20;

    private final HttpClient http;

    /** An answer of at most 8 MiB. */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    public record Answer(int status, byte[] body) {}

    /** @param tls whom to trust, and what to show */
    public LinkClient(Vertx vertx, SSLContext tls) {
        this(vertx, Optional.of(tls));
    }

    /** @param tls whom to trust, and what to show; empty: the cluster's links are plain */
    public LinkClient(Vertx vertx, Optional<SSLContext> tls) {
        HttpClientOptions options = new HttpClientOptions()
                .setConnectTimeout((int) CONNECT.toMillis())
                .setSslHandshakeTimeout(CONNECT.toMillis())
                .setSslHandshakeTimeoutUnit(TimeUnit.MILLISECONDS)
                .setKeepAlive(false);
        tls.ifPresent(context -> options.setSsl(true)
                .setSslEngineOptions(new TlsOptions(context))
                .setVerifyHost(false));
        http = vertx.createHttpClient(options);
    }

    /**
     * Posts JSON, and waits for the answer for fifteen seconds at most: on virtual threads.
     *
     * @param secret of a token
     * @throws IOException when there is no answer; the message says why
     */
    public Answer post(NodeAddress to, String path, Optional<String> secret, byte[] body) throws IOException {
        RequestOptions options = new RequestOptions()
                .setMethod(HttpMethod.POST)
                .setHost(to.urlHost())
                .setPort(to.port())
                .setURI(path)
                .putHeader(HttpHeaders.CONTENT_TYPE, "application/json");
        secret.ifPresent(value -> options.putHeader(HttpHeaders.AUTHORIZATION, "Bearer " + value));
        try {
            return http.request(options)
                    .compose(request -> send(request, body))
                    .toCompletionStage()
                    .toCompletableFuture()
                    .get(WHOLE.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException e) {
            throw new IOException(LinkFailure.words(e), e);
        } catch (TimeoutException e) {
            throw new IOException("no answer in " + WHOLE.toSeconds() + " s", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }

    private static Future<Answer> send(HttpClientRequest request, byte[] body) {
        return request.send(Buffer.buffer(body)).compose(LinkClient::receive);
    }

    private static Future<Answer> receive(HttpClientResponse response) {
        Promise<Answer> answer = Promise.promise();
        Buffer body = Buffer.buffer();
        response.exceptionHandler(answer::tryFail);
        response.handler(bytes -> {
            if (body.length() + bytes.length() <= LARGEST) {
                body.appendBuffer(bytes);
            } else if (answer.tryFail("the answer is larger than " + LARGEST + " bytes")) {
                response.request().connection().close();
            }
        });
        response.endHandler(_ -> answer.tryComplete(new Answer(response.statusCode(), body.getBytes())));
        return answer.future();
    }

    @Override
    public void close() {
        http.close();
    }
}
