package io.pantala.proxy.demo;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.pantala.manifest.Digest;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A registry with one image, read-only and anonymous, whose answers all leave over one {@link SharedLink}. */
final class DemoRegistry implements AutoCloseable {
    private static final Pattern MANIFEST = Pattern.compile("/v2/" + DemoImage.REPOSITORY + "/manifests/([^/]+)");
    private static final Pattern BLOB = Pattern.compile("/v2/" + DemoImage.REPOSITORY + "/blobs/([^/]+)");
    private static final Pattern RANGE = Pattern.compile("bytes=([0-9]{1,18})-([0-9]{0,18})");
    private static final int CHUNK = 32 << 10;
    private static final Duration LONGEST_STEP = Duration.ofSeconds(30);

    private final DemoImage image;
    private final SharedLink link;
    private final Vertx vertx = Vertx.vertx(new VertxOptions().setEventLoopPoolSize(2));
    private final HttpServer server;

    private DemoRegistry(DemoImage image, SharedLink link) {
        this.image = image;
        this.link = link;
        this.server = vertx.createHttpServer().requestHandler(request -> {
            request.pause();
            Thread.ofVirtual().name("demo-registry").start(() -> serve(request));
        });
    }

    /** Listens on loopback. */
    static DemoRegistry start(DemoImage image, SharedLink link) throws IOException, InterruptedException {
        DemoRegistry registry = new DemoRegistry(image, link);
        try {
            done(registry.server.listen(0, "127.0.0.1"));
        } catch (ExecutionException | TimeoutException e) {
            registry.close();
            throw new IOException("the demo's registry can't listen on loopback", e);
        }
        return registry;
    }

    URI uri() {
        return URI.create("http://127.0.0.1:" + server.actualPort());
    }

    @Override
    public void close() {
        vertx.close();
    }

    private void serve(HttpServerRequest request) {
        try {
            answer(request);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (IOException | ExecutionException | TimeoutException | IllegalArgumentException e) {
            // the client has left, is not reading, or asks for what no demo asks
            request.connection().close();
        }
    }

    private void answer(HttpServerRequest request)
            throws IOException, InterruptedException, ExecutionException, TimeoutException {
        String path = String.valueOf(request.path());
        Matcher manifest = MANIFEST.matcher(path);
        Matcher blob = BLOB.matcher(path);
        request.response().putHeader("Docker-Distribution-Api-Version", "registry/2.0");
        if (path.equals("/v2/")) {
            send(request, "application/json", "{}".getBytes(UTF_8));
        } else if (manifest.matches()) {
            manifest(request, manifest.group(1));
        } else if (blob.matches()) {
            blob(request, blob.group(1));
        } else {
            unknown(request, "NAME_UNKNOWN");
        }
    }

    private void manifest(HttpServerRequest request, String text)
            throws IOException, InterruptedException, ExecutionException, TimeoutException {
        Digest digest = text.equals(DemoImage.TAG) ? image.index() : Digest.parse(text);
        byte[] found = image.manifests().get(digest);
        if (found == null) {
            unknown(request, "MANIFEST_UNKNOWN");
            return;
        }
        request.response().putHeader("Docker-Content-Digest", digest.toString());
        send(request, digest.equals(image.index()) ? DemoImage.INDEX_TYPE : DemoImage.MANIFEST_TYPE, found);
    }

    private void blob(HttpServerRequest request, String digest)
            throws IOException, InterruptedException, ExecutionException, TimeoutException {
        Path file = image.blobs().get(Digest.parse(digest));
        if (file == null) {
            unknown(request, "BLOB_UNKNOWN");
            return;
        }
        long size = Files.size(file);
        HttpServerResponse response = request.response()
                .putHeader("Docker-Content-Digest", digest)
                .putHeader(HttpHeaders.ACCEPT_RANGES, "bytes")
                .putHeader(HttpHeaders.CONTENT_TYPE, "application/octet-stream");
        Matcher range = RANGE.matcher(String.valueOf(request.getHeader("Range")));
        long from = range.matches() ? Long.parseLong(range.group(1)) : 0;
        long last = range.matches() && !range.group(2).isEmpty()
                ? Math.min(Long.parseLong(range.group(2)), size - 1)
                : size - 1;
        if (range.matches() && (from >= size || last < from)) {
            response.setStatusCode(416).putHeader(HttpHeaders.CONTENT_RANGE, "bytes */" + size);
            response.end();
            return;
        }
        if (range.matches()) {
            response.setStatusCode(206).putHeader(HttpHeaders.CONTENT_RANGE, "bytes " + from + "-" + last + "/" + size);
        }
        try (InputStream in = Files.newInputStream(file)) {
            in.skipNBytes(from);
            send(request, in, last - from + 1);
        }
    }

    private void unknown(HttpServerRequest request, String code)
            throws IOException, InterruptedException, ExecutionException, TimeoutException {
        request.response().setStatusCode(404);
        String body = "{\"errors\":[{\"code\":\"" + code + "\",\"message\":\"the demo has one image\"}]}";
        send(request, "application/json", body.getBytes(UTF_8));
    }

    private void send(HttpServerRequest request, String type, byte[] body)
            throws IOException, InterruptedException, ExecutionException, TimeoutException {
        request.response().putHeader(HttpHeaders.CONTENT_TYPE, type);
        send(request, new ByteArrayInputStream(body), body.length);
    }

    private void send(HttpServerRequest request, InputStream body, long length)
            throws IOException, InterruptedException, ExecutionException, TimeoutException {
        HttpServerResponse response = request.response();
        response.putHeader(HttpHeaders.CONTENT_LENGTH, Long.toString(length));
        if (!request.method().equals(HttpMethod.HEAD)) {
            for (long left = length; left > 0; ) {
                byte[] chunk = body.readNBytes((int) Math.min(CHUNK, left));
                link.carry(chunk.length);
                done(response.write(Buffer.buffer(chunk)));
                left -= chunk.length;
            }
        }
        done(response.end());
    }

    private static void done(Future<?> step) throws InterruptedException, ExecutionException, TimeoutException {
        step.toCompletionStage().toCompletableFuture().get(LONGEST_STEP.toMillis(), TimeUnit.MILLISECONDS);
    }
}
