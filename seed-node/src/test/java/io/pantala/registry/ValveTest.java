package io.pantala.registry;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioSocketChannel;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class ValveTest {
    private final EventLoopGroup loops = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    private final BlockingQueue<Integer> received = new LinkedBlockingQueue<>();
    private ServerSocket listening;
    private Socket registry;
    private Channel channel;
    private Valve valve;

    @BeforeEach
    void connect() throws Exception {
        listening = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        channel = new Bootstrap()
                .group(loops)
                .channel(NioSocketChannel.class)
                .handler(new Receiver())
                .connect(listening.getLocalSocketAddress())
                .sync()
                .channel();
        registry = listening.accept();
        valve = new Valve(channel);
    }

    @AfterEach
    void disconnect() throws Exception {
        channel.close().sync();
        registry.close();
        listening.close();
        loops.shutdownGracefully(0, 5, TimeUnit.SECONDS).sync();
    }

    @Test
    void letsNothingThroughWhileItIsShut() throws Exception {
        valve.shut();
        onTheLoop(() -> {});
        registry.getOutputStream().write(1);
        assertThat(received.poll(200, TimeUnit.MILLISECONDS)).isNull();

        valve.open();
        assertThat(received.poll(10, TimeUnit.SECONDS)).isEqualTo(1);
    }

    @Test
    void opensAgainThoughVertxTurnsTheSameSwitch() throws Exception {
        CountDownLatch shut = new CountDownLatch(1);
        channel.eventLoop().execute(() -> {
            try {
                shut.await();
                // As Vert.x does once what waited between two event loops has been passed on.
                channel.config().setAutoRead(true);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        valve.shut();
        shut.countDown();
        onTheLoop(() -> {});

        valve.open();
        registry.getOutputStream().write(1);
        assertThat(received.poll(10, TimeUnit.SECONDS)).isEqualTo(1);
    }

    @Test
    void isShutAgainWhenVertxHasOpenedIt() throws Exception {
        valve.shut();
        onTheLoop(() -> channel.config().setAutoRead(true));
        valve.shut();
        onTheLoop(() -> {});
        registry.getOutputStream().write(1);
        assertThat(received.poll(200, TimeUnit.MILLISECONDS)).isNull();
    }

    private void onTheLoop(Runnable task) throws Exception {
        channel.eventLoop().submit(task).sync();
    }

    private final class Receiver extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            ByteBuf bytes = (ByteBuf) message;
            received.add((int) bytes.readByte());
            bytes.release();
        }
    }
}
