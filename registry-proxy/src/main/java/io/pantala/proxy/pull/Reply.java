package io.pantala.proxy.pull;

import io.netty.buffer.Unpooled;
import io.pantala.proxy.http.EngineGoneException;
import io.pantala.proxy.http.ReplyBody;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/** How the parts of a blob that were asked for are put into a reply (RFC 9110, 15.3). */
sealed interface Reply {
    String OCTETS = "application/octet-stream";

    /** The reply that ranges call for which can be satisfied. */
    static Reply of(ByteRanges ranges, long size) {
        return switch (ranges) {
            case ByteRanges.Whole _ -> new Whole(size);
            case ByteRanges.Parts(List<ByteRanges.Part> parts) ->
                parts.size() == 1 ? new One(parts.getFirst()) : Several.of(parts);
            case ByteRanges.Unsatisfiable _ -> throw new IllegalArgumentException("there is nothing to send");
        };
    }

    int status();

    /** Bytes of its body. */
    long length();

    void addHeaders(List<Map.Entry<String, String>> headers);

    /** Sends the body; false when not all of it could be had. */
    boolean send(ReplyBody body, BlobBody blob) throws EngineGoneException, InterruptedException;

    /** All of it. */
    record Whole(long length) implements Reply {
        @Override
        public int status() {
            return 200;
        }

        @Override
        public void addHeaders(List<Map.Entry<String, String>> headers) {
            headers.add(Map.entry("Content-Type", OCTETS));
        }

        @Override
        public boolean send(ReplyBody body, BlobBody blob) throws EngineGoneException, InterruptedException {
            return blob.send(0, length);
        }
    }

    /** One part. */
    record One(ByteRanges.Part part) implements Reply {
        @Override
        public int status() {
            return 206;
        }

        @Override
        public long length() {
            return part.length();
        }

        @Override
        public void addHeaders(List<Map.Entry<String, String>> headers) {
            headers.add(Map.entry("Content-Type", OCTETS));
            headers.add(Map.entry("Content-Range", part.contentRange()));
        }

        @Override
        public boolean send(ReplyBody body, BlobBody blob) throws EngineGoneException, InterruptedException {
            return blob.send(part.from(), part.to());
        }
    }

    /** Several parts, each under a head of its own. */
    record Several(List<ByteRanges.Part> parts, String boundary) implements Reply {
        static Several of(List<ByteRanges.Part> parts) {
            return new Several(parts, UUID.randomUUID().toString());
        }

        @Override
        public int status() {
            return 206;
        }

        @Override
        public long length() {
            long length = end().length;
            for (ByteRanges.Part part : parts) {
                length += head(part).length + part.length();
            }
            return length;
        }

        @Override
        public void addHeaders(List<Map.Entry<String, String>> headers) {
            headers.add(Map.entry("Content-Type", "multipart/byteranges; boundary=" + boundary));
        }

        @Override
        public boolean send(ReplyBody body, BlobBody blob) throws EngineGoneException, InterruptedException {
            for (ByteRanges.Part part : parts) {
                body.send(Unpooled.wrappedBuffer(head(part)));
                if (!blob.send(part.from(), part.to())) {
                    return false;
                }
            }
            body.send(Unpooled.wrappedBuffer(end()));
            return true;
        }

        private byte[] head(ByteRanges.Part part) {
            return ("\r\n--" + boundary + "\r\nContent-Type: " + OCTETS + "\r\nContent-Range: " + part.contentRange()
                            + "\r\n\r\n")
                    .getBytes(StandardCharsets.US_ASCII);
        }

        private byte[] end() {
            return ("\r\n--" + boundary + "--\r\n").getBytes(StandardCharsets.US_ASCII);
        }
    }
}
