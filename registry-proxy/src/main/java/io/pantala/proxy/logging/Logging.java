package io.pantala.proxy.logging;

import ch.qos.logback.classic.AsyncAppender;
import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.OutputStreamAppender;
import ch.qos.logback.core.encoder.EncoderBase;
import java.io.OutputStream;
import java.util.List;
import org.slf4j.LoggerFactory;

/** The log of this process: one line an event. */
public final class Logging {
    private static final List<String> LIBRARIES = List.of("io.netty", "io.vertx");
    private static final int QUEUE = 4096;

    private Logging() {}

    /** Makes the whole process log like this from now on, to stderr. */
    public static void configure(LogConfig config) {
        configure(context(), config, System.err);
    }

    /** Writes out what is waiting, and ends the log. */
    public static void close() {
        context().stop();
    }

    static void configure(LoggerContext context, LogConfig config, OutputStream out) {
        Logger root = context.getLogger(Logger.ROOT_LOGGER_NAME);
        root.detachAndStopAllAppenders();
        root.setLevel(Level.convertAnSLF4JLevel(config.level()));
        for (String library : LIBRARIES) {
            context.getLogger(library).setLevel(levelOfLibraries(config));
        }
        root.addAppender(queued(context, lines(context, config, out)));
    }

    private static Level levelOfLibraries(LogConfig config) {
        return switch (config.level()) {
            case TRACE -> Level.TRACE;
            case DEBUG -> Level.INFO;
            case INFO, WARN -> Level.WARN;
            case ERROR -> Level.ERROR;
        };
    }

    private static OutputStreamAppender<ILoggingEvent> lines(
            LoggerContext context, LogConfig config, OutputStream out) {
        EncoderBase<ILoggingEvent> encoder = switch (config.format()) {
            case TEXT -> new TextLines();
            case JSON -> new JsonLines();
        };
        encoder.setContext(context);
        encoder.start();
        OutputStreamAppender<ILoggingEvent> appender = new OutputStreamAppender<>() {
            @Override
            protected void closeOutputStream() {
                // stderr stays open: a failure's last words go there
            }
        };
        appender.setContext(context);
        appender.setEncoder(encoder);
        appender.setOutputStream(out);
        appender.start();
        return appender;
    }

    /** A reader of stderr that stands still must not hold up a pull: then lines are lost instead. */
    private static AsyncAppender queued(LoggerContext context, OutputStreamAppender<ILoggingEvent> lines) {
        AsyncAppender queue = new AsyncAppender();
        queue.setContext(context);
        queue.setQueueSize(QUEUE);
        queue.setDiscardingThreshold(0);
        queue.setNeverBlock(true);
        queue.addAppender(lines);
        queue.start();
        return queue;
    }

    private static LoggerContext context() {
        return (LoggerContext) LoggerFactory.getILoggerFactory();
    }
}
