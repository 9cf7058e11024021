package io.pantala.proxy.logging;

import static java.nio.charset.StandardCharsets.UTF_8;

import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.encoder.EncoderBase;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;

/** {@code 2026-11-21T21:20:00.123Z INFO  Backfill: sealed digest=sha256:… bytes=1234 request=…} */
final class TextLines extends EncoderBase<ILoggingEvent> {
    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern(
                    "uuuu-MM-dd'T'HH:mm:ss.SSS'Z'", Locale.ROOT)
            .withZone(ZoneOffset.UTC);

    @Override
    public byte[] encode(ILoggingEvent event) {
        StringBuilder line = new StringBuilder(200);
        TIME.formatTo(
                event.getInstant() == null ? Instant.ofEpochMilli(event.getTimeStamp()) : event.getInstant(), line);
        line.append(' ').append(event.getLevel());
        line.append(event.getLevel().toString().length() == 4 ? "  " : " ");
        line.append(Fields.simple(event.getLoggerName())).append(": ");
        append(line, event.getFormattedMessage());
        Fields.of(event).forEach((key, value) -> appendField(line, key, value.toString()));
        if (event.getThrowableProxy() != null) {
            appendField(line, "error", Fields.error(event.getThrowableProxy()));
            String stack = Fields.stack(event.getThrowableProxy());
            if (stack != null) {
                appendField(line, "stack", stack);
            }
        }
        return line.append('\n').toString().getBytes(UTF_8);
    }

    @Override
    public byte[] headerBytes() {
        return new byte[0];
    }

    @Override
    public byte[] footerBytes() {
        return new byte[0];
    }

    private static void appendField(StringBuilder line, String key, String value) {
        line.append(' ').append(key).append('=');
        boolean plain = !value.isEmpty() && value.chars().noneMatch(c -> c <= ' ' || c == '"' || c == '=');
        if (plain) {
            append(line, value);
        } else {
            line.append('"');
            append(line, value.replace("\\", "\\\\").replace("\"", "\\\""));
            line.append('"');
        }
    }

    /** Nothing that was logged may start a line of its own, or move a terminal's cursor. */
    private static void append(StringBuilder line, String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '\n') {
                line.append("\\n");
            } else if (Character.isISOControl(c)) {
                line.append(String.format(Locale.ROOT, "\\u%04x", (int) c));
            } else {
                line.append(c);
            }
        }
    }
}
