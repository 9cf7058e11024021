package io.pantala.transport.block;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The head of an HTTP/1.1 answer, as strict as the few things that a node says allow.
 *
 * @param length of the body, from the one Content-Length that there must be
 */
record ResponseHead(int status, long length, boolean keepAlive) {
    private static final int LONGEST = 8 << 10;
    private static final Pattern STATUS_LINE = Pattern.compile("HTTP/1\\.1 ([2-5][0-9]{2})( .*)?");
    private static final Pattern LENGTH = Pattern.compile("[0-9]{1,18}");

    /**
     * Reads a head from the buffer's start and moves past it.
     *
     * @return null while its end has not come
     * @throws IOException when it can't be one
     */
    static @Nullable ResponseHead read(ByteBuffer buffer) throws IOException {
        int end = end(buffer);
        if (end < 0) {
            if (buffer.limit() >= LONGEST) {
                throw new IOException("the answer's head has no end");
            }
            return null;
        }
        byte[] bytes = new byte[end];
        buffer.get(bytes).position(end + 4);
        return parse(new String(bytes, StandardCharsets.ISO_8859_1));
    }

    private static int end(ByteBuffer buffer) {
        int last = Math.min(buffer.limit(), LONGEST) - 4;
        for (int i = 0; i <= last; i++) {
            if (buffer.get(i) == '\r'
                    && buffer.get(i + 1) == '\n'
                    && buffer.get(i + 2) == '\r'
                    && buffer.get(i + 3) == '\n') {
                return i;
            }
        }
        return -1;
    }

    private static ResponseHead parse(String head) throws IOException {
        String[] lines = head.split("\r\n", -1);
        Matcher status = STATUS_LINE.matcher(lines[0]);
        if (!status.matches()) {
            throw new IOException("the answer is not HTTP/1.1");
        }
        long length = -1;
        boolean keepAlive = true;
        for (int i = 1; i < lines.length; i++) {
            int colon = lines[i].indexOf(':');
            if (colon < 1) {
                throw new IOException("the answer has a header without a name");
            }
            String name = lines[i].substring(0, colon);
            String value = lines[i].substring(colon + 1).strip();
            if (name.equalsIgnoreCase("content-length")) {
                if (length >= 0 || !LENGTH.matcher(value).matches()) {
                    throw new IOException("the answer's length is unclear");
                }
                length = Long.parseLong(value);
            } else if (name.equalsIgnoreCase("transfer-encoding")) {
                throw new IOException("the answer's length is unclear");
            } else if (name.equalsIgnoreCase("connection")) {
                keepAlive = !value.equalsIgnoreCase("close");
            }
        }
        if (length < 0) {
            throw new IOException("the answer's length is unclear");
        }
        return new ResponseHead(Integer.parseInt(status.group(1)), length, keepAlive);
    }
}
