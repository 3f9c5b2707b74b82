// Runs Apache Kafka's command line tools one after the other in one process, since each would otherwise start a virtual machine of its own.
// A line on standard input is a main class and its words, or one of the transactions below, separated by tabs. What the tool printed
// comes back as lines "1 TEXT" (standard output) and "2 TEXT" (standard error), closed by "code N".

import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.reflect.InvocationTargetException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.common.utils.Exit;

public class Tools {
  static final Map<String, KafkaProducer<String, String>> producers = new HashMap<>();
  static String bootstrap;
  static Integer exitCode;

  /** Thrown where a tool would end the process; an Error, so that the tools' own handlers of exceptions let it pass. */
  static class Ended extends Error {}

  public static void main(String[] words) throws Exception {
    bootstrap = words[0];
    Exit.setExitProcedure((code, message) -> {
      if (exitCode == null) exitCode = code;
      throw new Ended();
    });
    PrintStream answers = System.out;
    BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      ByteArrayOutputStream err = new ByteArrayOutputStream();
      System.setOut(new PrintStream(out, true, StandardCharsets.UTF_8));
      System.setErr(new PrintStream(err, true, StandardCharsets.UTF_8));
      int code = run(line.split("\t"));
      print(answers, "1 ", out);
      print(answers, "2 ", err);
      answers.println("code " + code);
    }
    producers.values().forEach(producer -> producer.close(Duration.ZERO));
  }

  static void print(PrintStream answers, String mark, ByteArrayOutputStream text) {
    if (text.size() > 0) text.toString(StandardCharsets.UTF_8).lines().forEach(line -> answers.println(mark + line));
  }

  static int run(String[] words) {
    exitCode = null;
    try {
      if (words[0].startsWith("@")) transaction(words);
      else Class.forName(words[0]).getMethod("main", String[].class).invoke(null, (Object) Arrays.copyOfRange(words, 1, words.length));
    } catch (Throwable thrown) {
      Throwable cause = thrown instanceof InvocationTargetException ? thrown.getCause() : thrown;
      if (!(cause instanceof Ended)) {
        System.err.println(cause);
        return 1;
      }
    }
    return exitCode == null ? 0 : exitCode;
  }

  /** `@send ID TOPIC PARTITION COUNT` begins one and sends; `@offsets ID GROUP TOPIC OFFSET`; `@commit ID`; `@abort ID`. */
  @SuppressWarnings("removal") // Without a member's generation, as a producer may commit that is in no group.
  static void transaction(String[] words) throws Exception {
    String id = words[1];
    boolean fresh = !producers.containsKey(id);
    KafkaProducer<String, String> producer = producers.computeIfAbsent(id, Tools::producer);
    switch (words[0]) {
      case "@send" -> {
        if (fresh) producer.initTransactions();
        producer.beginTransaction();
        for (int index = 0; index < Integer.parseInt(words[4]); index++) {
          producer.send(new ProducerRecord<>(words[2], Integer.parseInt(words[3]), null, "record " + index));
        }
        producer.flush();
      }
      case "@offsets" -> {
        Map<TopicPartition, OffsetAndMetadata> offsets = Map.of(new TopicPartition(words[3], 0), new OffsetAndMetadata(Long.parseLong(words[4]), "in a transaction"));
        producer.sendOffsetsToTransaction(offsets, new ConsumerGroupMetadata(words[2]));
      }
      case "@commit" -> producer.commitTransaction();
      case "@abort" -> producer.abortTransaction();
      default -> throw new IllegalArgumentException(words[0]);
    }
  }

  static KafkaProducer<String, String> producer(String id) {
    Map<String, Object> config = Map.of("bootstrap.servers", bootstrap, "transactional.id", id, "client.id", id, "max.block.ms", 15000, "transaction.timeout.ms", 300000);
    return new KafkaProducer<>(config, new StringSerializer(), new StringSerializer());
  }
}
