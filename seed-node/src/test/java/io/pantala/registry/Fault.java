package io.pantala.registry;

import java.util.Map;
import java.util.concurrent.CountDownLatch;

/** What goes wrong with one answer of a {@link FakeRegistry}. Byte counts are of that answer's body. */
public sealed interface Fault {
    /** Nothing: to let a request pass before others fail. */
    record None() implements Fault {}

    /** Another answer altogether. */
    record Status(int status, Map<String, String> headers, String body) implements Fault {}

    /** The connection ends in mid-body, properly or by a reset. */
    record Cut(long after, boolean reset) implements Fault {}

    /** Nothing more comes, though the connection stays. */
    record Stall(long after) implements Fault {}

    /** Nothing more comes until the gate opens. */
    record Hold(long after, CountDownLatch gate) implements Fault {}

    /** Nothing more comes until the gate opens, and then the connection ends in mid-body. */
    record HoldAndCut(long after, CountDownLatch gate) implements Fault {}

    /** Nothing comes at all until the gate opens, not even headers. */
    record Late(CountDownLatch gate) implements Fault {}

    /** One byte of the blob or manifest is wrong. */
    record Corrupt(long position) implements Fault {}

    /** The connection ends without an answer. */
    record HangUp() implements Fault {}

    /** The whole is sent though a range was asked for. */
    record IgnoreRange() implements Fault {}

    /** A 206 that doesn't say what the client asked for. */
    record ContentRange(String value) implements Fault {}

    /** A 206 with fewer bytes than asked for, as some registries cap it. */
    record Capped(long bytes) implements Fault {}

    /** A length that the body doesn't have; where it is longer, the connection ends at the end of the body. */
    record Length(long more) implements Fault {}

    /** Another content than the digest promises. */
    @SuppressWarnings("ArrayRecordComponent")
    record Other(byte[] content) implements Fault {}

    /** Chunked, without a length, and as a whole. */
    record Chunked() implements Fault {}

    /** Chunked, without a length, until the connection ends in mid-body. */
    record ChunkedAndCut(long after) implements Fault {}

    /** Chunked, without a length; in mid-body nothing more comes until the gate opens. */
    record ChunkedAndHold(long after, CountDownLatch gate) implements Fault {}

    /** Chunked and compressed, though nobody asked for it. */
    record Gzip() implements Fault {}

    static Fault none() {
        return new None();
    }

    static Fault status(int status) {
        return new Status(
                status,
                Map.of("Content-Type", "application/json"),
                "{\"errors\":[{\"code\":\"" + code(status) + "\",\"message\":\"status " + status + "\"}]}");
    }

    private static String code(int status) {
        return switch (status) {
            case 401 -> "UNAUTHORIZED";
            case 403 -> "DENIED";
            case 404 -> "BLOB_UNKNOWN";
            case 429 -> "TOOMANYREQUESTS";
            default -> "UNKNOWN";
        };
    }

    static Fault status(int status, Map<String, String> headers) {
        return new Status(status, headers, "");
    }

    static Fault redirect(int status, String location) {
        return new Status(status, Map.of("Location", location), "");
    }

    static Fault cutAfter(long bytes) {
        return new Cut(bytes, false);
    }

    static Fault cutAfter(long bytes, CountDownLatch gate) {
        return new HoldAndCut(bytes, gate);
    }

    static Fault resetAfter(long bytes) {
        return new Cut(bytes, true);
    }

    static Fault stallAfter(long bytes) {
        return new Stall(bytes);
    }

    static Fault holdAfter(long bytes, CountDownLatch gate) {
        return new Hold(bytes, gate);
    }

    static Fault late(CountDownLatch gate) {
        return new Late(gate);
    }

    static Fault corruptAt(long position) {
        return new Corrupt(position);
    }

    static Fault hangUp() {
        return new HangUp();
    }

    static Fault ignoreRange() {
        return new IgnoreRange();
    }

    static Fault contentRange(String value) {
        return new ContentRange(value);
    }

    static Fault capped(long bytes) {
        return new Capped(bytes);
    }

    /** The length announced is too large by so much. */
    static Fault length(long more) {
        return new Length(more);
    }

    /** A page in place of the content, such as one to log in at. */
    static Fault page() {
        return new Status(200, Map.of("Content-Type", "text/html"), "<html><body>Please log in.</body></html>");
    }

    static Fault other(byte[] content) {
        return new Other(content);
    }

    static Fault chunked() {
        return new Chunked();
    }

    static Fault chunkedAndCutAfter(long bytes) {
        return new ChunkedAndCut(bytes);
    }

    static Fault chunkedAndHoldAfter(long bytes, CountDownLatch gate) {
        return new ChunkedAndHold(bytes, gate);
    }

    static Fault gzip() {
        return new Gzip();
    }
}
