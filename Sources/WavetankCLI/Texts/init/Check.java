// Made by `wavetank init`: what does your code do when the cloud refuses? `version` stands for your code.
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;

public class WavetankCheck {
    static String version(String hub, int attempts) throws Exception {
        HttpClient client = HttpClient.newHttpClient();
        HttpRequest request = HttpRequest.newBuilder(URI.create(hub + "/version")).build();
        for (int attempt = 1; ; attempt++) {
            HttpResponse<String> answer = client.send(request, HttpResponse.BodyHandlers.ofString());
            if (answer.statusCode() == 200) return answer.body();
            if (attempt == attempts) throw new IllegalStateException("refused with " + answer.statusCode());
        }
    }

    public static void main(String[] arguments) throws Exception {
        String answer = version(System.getenv("SCRAMJET_HUB_URL"), 3);
        if (!answer.contains("@scramjet/host")) throw new AssertionError(answer);
    }
}
